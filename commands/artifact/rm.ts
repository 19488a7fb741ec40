import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Rm extends CoracleCommand {
  static override summary = "Remove one or more OCI artifacts";
  static override description = "Removes one or more artifacts from local storage.";
  static override usage = "[options] ARTIFACT [ARTIFACT...]";
  static override examples = [
    "coracle artifact rm quay.io/myimage/myartifact:latest",
    "coracle artifact rm --all",
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Remove all artifacts" }),
    ignore: flag.boolean({ char: "i", description: "Ignore errors when a specified artifact is missing" }),
  };
  static override arity = any;
  static override completes = ["artifact"] as const;
  static override frees = true;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Rm);
    if (flags.all && args.length > 0)
      throw this.usageError("when using the --all switch, you may not pass any artifact names or digests");
    if (!flags.all && args.length === 0)
      throw this.usageError("a single artifact name or digest must be specified");
    await this.requireNamespace();
    const { removeArtifacts } = await import("../../src/engine/artifact/remove.ts");
    for (const digest of await removeArtifacts(this.context, args, flags))
      this.printLine(digest.slice("sha256:".length));
  }
}
