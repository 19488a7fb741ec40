import { between, CoracleCommand, flag } from "../src/cli/command.ts";
import { accessFlags, policyFlag, signingFlags } from "../src/cli/registry-flags.ts";

export default class Push extends CoracleCommand {
  static override summary = "Push an image to a specified destination";
  static override description =
    "Pushes an image to a registry, an archive or a directory.\n\nWithout a destination the image goes to where its name says.";
  static override usage = "[options] IMAGE [DESTINATION]";
  static override examples = [
    "coracle push imageID docker://registry.example.com/repository:tag",
    "coracle push imageID oci-archive:/path/to/layout:image:tag",
    "coracle push registry.example.com/repository:tag",
  ];
  static override flags = {
    "signature-policy": policyFlag,
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    compress: flag.boolean({
      description: "Compress tarball image layers when pushing to a directory using the 'dir' transport",
    }),
    "compression-format": flag.string({
      description: "compression format to use",
      choices: ["gzip", "zstd"],
    }),
    "compression-level": flag.int({ description: "compression level to use" }),
    creds: accessFlags.creds,
    digestfile: flag.string({
      description: "Write the digest of the pushed image to the specified file",
      completes: "file",
    }),
    "disable-content-trust": flag.boolean({
      description: "This is a Docker specific option and is a NOOP",
      hidden: true,
    }),
    "encrypt-layer": flag.unsupported("string", { description: "Layers to encrypt, 0-indexed" }),
    "encryption-key": flag.unsupported("string", { description: "Key with the encryption protocol to use" }),
    "force-compression": flag.boolean({
      description: "Use the specified compression algorithm even if the layers have another one",
    }),
    format: flag.string({
      char: "f",
      description:
        "Manifest type (oci or v2s2) to use in the destination (default is manifest type of source)",
      choices: ["oci", "v2s2"],
    }),
    quiet: flag.boolean({ char: "q", description: "Suppress output information when pushing images" }),
    "remove-signatures": flag.boolean({
      description: "Discard any pre-existing signatures in the image",
    }),
    retry: accessFlags.retry,
    "retry-delay": accessFlags["retry-delay"],
    ...signingFlags("image", "Add a signature at the destination using the key"),
    "tls-verify": accessFlags["tls-verify"],
  };
  static override arity = between(1, 2);
  static override completes = ["image", "none"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Push);
    const { pushTo } = await import("../src/engine/image/push-to.ts");
    const { checkStoragePolicy } = await import("../src/engine/image/policy.ts");
    const { imageProgress } = await import("../src/cli/image-progress.ts");
    const { pushConversion } = await import("../src/cli/push-flags.ts");
    const { registryAccess } = await import("../src/cli/registry-flags.ts");
    checkStoragePolicy(flags["signature-policy"]);
    await pushTo(this.context, args[0] as string, args[1], {
      ...registryAccess(flags, given),
      ...pushConversion(flags, given),
      compress: flags.compress,
      digestFile: flags.digestfile,
      onProgress: imageProgress(flags.quiet),
    });
  }
}
