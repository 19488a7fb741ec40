import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";
import { accessFlags } from "../../src/cli/registry-flags.ts";

export default class Inspect extends CoracleCommand {
  static override summary = "Display the contents of a manifest list or image index";
  static override description =
    "Displays a list of local storage, or what a registry has under a name: the list of an image's platforms, or the manifest of a single image.";
  static override usage = "[options] IMAGE";
  static override examples = ["coracle manifest inspect docker.io/library/alpine:latest"];
  static override flags = {
    authfile: accessFlags.authfile,
    "tls-verify": accessFlags["tls-verify"],
    insecure: accessFlags.insecure,
    verbose: flag.boolean({
      char: "v",
      description: "Added for Docker compatibility (NOOP)",
      hidden: true,
    }),
  };
  static override arity = exactly(1);
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Inspect);
    const { registryAccess } = await import("../../src/cli/registry-flags.ts");
    const { inspectManifest } = await import("../../src/engine/registry/manifest.ts");
    const { inspectList } = await import("../../src/engine/manifest/inspect.ts");
    const name = args[0] as string;
    const list = inspectList(this.context, name);
    if (list !== undefined) return this.printJson(list);
    const { content, singleType } = await inspectManifest(this.context, name, registryAccess(flags, given));
    if (singleType !== undefined) {
      const { printError } = await import("../../src/cli/output.ts");
      printError(`Warning! The manifest type ${singleType} is not a manifest list but a single image.`);
    }
    this.printJson(content);
  }
}
