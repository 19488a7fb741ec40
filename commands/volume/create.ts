import { atMost, CoracleCommand, flag } from "../../src/cli/command.ts";
import { parseLabels } from "../../src/cli/values.ts";

export default class Create extends CoracleCommand {
  static override summary = "Create a new volume";
  static override description =
    'If using the default driver, "local", the volume will be created on the host in the volumes directory under container storage.';
  static override usage = "[options] [NAME]";
  static override examples = [
    "coracle volume create myvol",
    "coracle volume create",
    "coracle volume create --label foo=bar myvol",
    "coracle volume create --uid 4321 --gid 1234 myvol",
    "coracle volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=2M,nodev scratch",
  ];
  static override flags = {
    driver: flag.string({
      char: "d",
      description: "Specify volume driver name",
      default: "local",
      choices: ["local", "image"],
    }),
    gid: flag.int({ description: "Set the GID of the volume owner" }),
    ignore: flag.boolean({ description: "Don't fail if volume already exists" }),
    label: flag.stringArray({ char: "l", description: "Set metadata for a volume" }),
    opt: flag.stringArray({ char: "o", description: "Set driver specific options" }),
    uid: flag.int({ description: "Set the UID of the volume owner" }),
  };
  static override arity = atMost(1);
  static override completes = ["none"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Create);
    const labels = parseLabels(flags.label);
    const options = parseLabels(flags.opt, [], "unable to process options");
    await this.requireNamespace();
    const { createVolume } = await import("../../src/engine/volume/create.ts");
    const { driver, ignore, uid, gid } = flags;
    this.printLine(
      await createVolume(this.context, { name: args[0], driver, labels, options, ignore, uid, gid }),
    );
  }
}
