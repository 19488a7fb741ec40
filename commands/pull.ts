import { atLeast, CoracleCommand, flag } from "../src/cli/command.ts";
import { accessFlags, policyFlag } from "../src/cli/registry-flags.ts";

export default class Pull extends CoracleCommand {
  static override summary = "Pull an image from a registry";
  static override description =
    "Pulls an image from a registry and stores it locally.\n\nAn image can be pulled by tag or digest. If a tag is not specified, the image with the 'latest' tag is pulled.";
  static override usage = "[options] IMAGE [IMAGE...]";
  static override examples = [
    "coracle pull imageName",
    "coracle pull fedora:latest",
    "coracle pull oci-archive:/path/to/image.tar",
  ];
  static override flags = {
    "all-tags": flag.boolean({
      char: "a",
      description: "All tagged images in the repository will be pulled",
    }),
    arch: flag.string({
      description: "Use ARCH instead of the architecture of the machine for choosing images",
      value: "ARCH",
      completes: "architecture",
    }),
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    creds: accessFlags.creds,
    "disable-content-trust": flag.boolean({
      description: "This is a Docker specific option and is a NOOP",
      hidden: true,
    }),
    os: flag.string({
      description: "Use OS instead of the running OS for choosing images",
      value: "OS",
      choices: ["linux", "windows"],
    }),
    platform: flag.string({
      description: "Specify the platform for selecting the image (conflicts with --arch and --os)",
    }),
    policy: flag.string({
      description: "When to ask the registry (always, missing, newer, never)",
      default: "always",
      choices: ["always", "missing", "newer", "never"],
    }),
    quiet: flag.boolean({ char: "q", description: "Suppress output information when pulling images" }),
    retry: accessFlags.retry,
    "retry-delay": accessFlags["retry-delay"],
    "signature-policy": policyFlag,
    "tls-verify": accessFlags["tls-verify"],
    variant: flag.string({
      description: "Use VARIANT instead of the running architecture variant for choosing images",
    }),
  };
  static override arity = atLeast(1);
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Pull);
    await this.requireNamespace();
    const pull = flags["all-tags"]
      ? (await import("../src/engine/image/pull-all-tags.ts")).pullAllTags
      : (await import("../src/engine/image/pull.ts")).pullImages;
    const { platformText } = await import("../src/engine/image/pull-options.ts");
    const { parsePullPolicy } = await import("../src/oci/pull-policy.ts");
    const { registryAccess } = await import("../src/cli/registry-flags.ts");
    const { imageProgress } = await import("../src/cli/image-progress.ts");
    const options = {
      policy: parsePullPolicy(flags.policy),
      platform: platformText(flags),
      ...registryAccess(flags, given),
      signaturePolicy: flags["signature-policy"],
      onProgress: imageProgress(flags.quiet),
    };
    for (const reference of args) {
      try {
        for (const { id } of await pull(this.context, reference, options)) this.printLine(id);
      } catch (error) {
        // The others are pulled all the same.
        this.report(error);
      }
    }
  }
}
