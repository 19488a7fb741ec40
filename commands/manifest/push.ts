import { between, CoracleCommand, flag } from "../../src/cli/command.ts";
import { accessFlags, signingFlags } from "../../src/cli/registry-flags.ts";

export default class Push extends CoracleCommand {
  static override summary = "Push a manifest list or image index to a registry";
  static override description =
    "Pushes manifest lists and image indexes to registries, with their images, which may be in local storage or in other registries.";
  static override usage = "[options] LIST [DESTINATION]";
  static override examples = ["coracle manifest push mylist:v1.11 docker://registry.example.com/app:v1.11"];
  static override flags = {
    all: flag.boolean({ description: "Also push the images in the list", default: true }),
    "add-compression": flag.strings({
      description: "Add instances with selected compression",
      choices: ["gzip", "zstd"],
    }),
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    "compression-format": flag.string({
      description: "compression format to use",
      choices: ["gzip", "zstd"],
    }),
    "compression-level": flag.int({ description: "compression level to use" }),
    creds: accessFlags.creds,
    digestfile: flag.string({
      description: "Write the digest of the pushed list to the specified file",
      completes: "file",
    }),
    "force-compression": flag.boolean({
      description: "Use the specified compression algorithm even if the layers have another one",
    }),
    format: flag.string({
      char: "f",
      description: "Manifest type (oci or v2s2) to use when pushing the list (default is by its images)",
      choices: ["oci", "v2s2"],
    }),
    purge: flag.boolean({ char: "p", description: "Remove the list if the push succeeds", hidden: true }),
    quiet: flag.boolean({ char: "q", description: "Don't output progress information when pushing lists" }),
    "remove-signatures": flag.boolean({ description: "Don't copy signatures when pushing images" }),
    rm: flag.boolean({ description: "Remove the manifest list if push succeeds" }),
    ...signingFlags("image", "Sign the image using a GPG key"),
    "tls-verify": accessFlags["tls-verify"],
    insecure: accessFlags.insecure,
  };
  static override arity = between(1, 2);
  static override completes = ["image", "none"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Push);
    const { pushList } = await import("../../src/engine/manifest/push.ts");
    const { imageProgress } = await import("../../src/cli/image-progress.ts");
    const { parseCompression } = await import("../../src/oci/manifest-format.ts");
    const { pushConversion } = await import("../../src/cli/push-flags.ts");
    const { registryAccess } = await import("../../src/cli/registry-flags.ts");
    await pushList(this.context, args[0] as string, args[1], {
      ...registryAccess(flags, given),
      all: flags.all,
      rm: flags.rm || flags.purge,
      ...pushConversion(flags, given),
      addCompression: flags["add-compression"].map(parseCompression),
      digestFile: flags.digestfile,
      onProgress: imageProgress(flags.quiet),
    });
  }
}
