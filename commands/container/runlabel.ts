import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";
import { accessFlags } from "../../src/cli/registry-flags.ts";

function optionFlag(number: number) {
  return flag.string({ hidden: true, description: `What OPT${number} in the label stands for` });
}

export default class RunLabel extends CoracleCommand {
  static override summary = "Execute the command described by an image label";
  static override description = "Executes a command as described by a container image label.";
  static override usage = "[options] LABEL IMAGE [ARG...]";
  static override examples = [
    "coracle container runlabel run imageID",
    "coracle container runlabel install imageID arg1 arg2",
    "coracle container runlabel --display run myImage",
  ];
  static override interspersed = false;
  static override flags = {
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    creds: accessFlags.creds,
    display: flag.boolean({ description: "Preview the command that the label would run" }),
    name: flag.string({ char: "n", description: "Assign a name to the container" }),
    opt1: optionFlag(1),
    opt2: optionFlag(2),
    opt3: optionFlag(3),
    quiet: flag.boolean({ char: "q", description: "Suppress output information when installing images" }),
    replace: flag.boolean({ description: "Replace existing container with a new one from the image" }),
    "tls-verify": accessFlags["tls-verify"],
  };
  static override arity = atLeast(2);
  static override completes = ["none", "image", "file"] as const;

  async run(): Promise<void> {
    const { flags, given, args } = await this.input(RunLabel);
    const { findRunLabel, executeRunLabel } = await import("../../src/engine/image/run-label.ts");
    const { registryAccess } = await import("../../src/cli/registry-flags.ts");
    const { imageProgress } = await import("../../src/cli/image-progress.ts");
    const [label = "", image = "", ...more] = args;
    const found = await findRunLabel(this.context, {
      label,
      image,
      args: more,
      name: flags.name,
      options: [flags.opt1, flags.opt2, flags.opt3],
      pull: {
        policy: "missing",
        ...registryAccess(flags, given),
        onProgress: imageProgress(flags.quiet),
      },
    });
    if (flags.display) {
      this.printLine(`command: ${["coracle", ...found.command.slice(1)].join(" ")}`);
      return;
    }
    await executeRunLabel(this.context, found, flags);
  }
}
