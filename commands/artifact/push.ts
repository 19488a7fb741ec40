import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";
import { accessFlags, signingFlags } from "../../src/cli/registry-flags.ts";

export default class Push extends CoracleCommand {
  static override summary = "Push an OCI artifact";
  static override description = "Pushes an OCI artifact from local storage to the registry of its name.";
  static override usage = "[options] ARTIFACT";
  static override examples = ["coracle artifact push quay.io/myimage/myartifact:latest"];
  static override flags = {
    ...accessFlags,
    digestfile: flag.string({
      description: "Write the digest of the pushed artifact to the specified file",
      completes: "file",
    }),
    quiet: flag.boolean({ char: "q", description: "Suppress output information when pushing artifacts" }),
    ...signingFlags("artifact", "Add a signature at the destination using the key"),
  };
  static override arity = exactly(1);
  static override completes = ["artifact"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Push);
    const { pushArtifact } = await import("../../src/engine/artifact/push.ts");
    const { registryAccess } = await import("../../src/cli/registry-flags.ts");
    const { imageProgress } = await import("../../src/cli/image-progress.ts");
    await pushArtifact(this.context, args[0] as string, {
      ...registryAccess(flags, given),
      digestFile: flags.digestfile,
      onProgress: imageProgress(flags.quiet),
    });
  }
}
