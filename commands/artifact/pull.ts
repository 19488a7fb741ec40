import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";
import { accessFlags } from "../../src/cli/registry-flags.ts";

export default class Pull extends CoracleCommand {
  static override summary = "Pull an OCI artifact";
  static override description = "Pulls an OCI artifact from a registry and stores it locally.";
  static override usage = "[options] ARTIFACT";
  static override examples = ["coracle artifact pull quay.io/foobar/artifact:special"];
  static override flags = {
    ...accessFlags,
    "decryption-key": flag.unsupported("strings", {
      description: "Key needed to decrypt the artifact",
      completes: "file",
    }),
    quiet: flag.boolean({ char: "q", description: "Suppress output information when pulling artifacts" }),
  };
  static override arity = exactly(1);
  static override completes = ["none"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Pull);
    await this.requireNamespace();
    const { pullArtifact } = await import("../../src/engine/artifact/pull.ts");
    const { registryAccess } = await import("../../src/cli/registry-flags.ts");
    const { imageProgress } = await import("../../src/cli/image-progress.ts");
    const digest = await pullArtifact(this.context, args[0] as string, {
      ...registryAccess(flags, given),
      onProgress: imageProgress(flags.quiet),
    });
    this.printLine(digest.slice("sha256:".length));
  }
}
