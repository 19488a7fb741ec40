import { between, CoracleCommand, flag } from "../src/cli/command.ts";
import { policyFlag } from "../src/cli/registry-flags.ts";

export default class Import extends CoracleCommand {
  static override summary = "Import a tarball to create a filesystem image";
  static override description =
    "Creates a container image from the contents of the specified tarball (plain or compressed with gzip, zstd, xz or bzip2), from a URL, or from standard input with `-`.\n\nOptionally tag the image. You can specify the instructions using the --change option.";
  static override usage = "[options] PATH [REFERENCE]";
  static override examples = [
    "coracle import ctr.tar my-image",
    'cat ctr.tar | coracle -q import --message "importing the ctr.tar tarball" - image-imported',
    "cat ctr.tar | coracle import -",
    "coracle import https://example.com/ctr.tar url-image",
  ];
  static override flags = {
    "signature-policy": policyFlag,
    arch: flag.string({
      description: "Set the architecture of the imported image",
      completes: "architecture",
    }),
    change: flag.stringArray({
      char: "c",
      description:
        "Apply the following possible instructions to the created image: CMD | ENTRYPOINT | ENV | EXPOSE | LABEL | ONBUILD | STOPSIGNAL | USER | VOLUME | WORKDIR",
      completes: "change",
    }),
    message: flag.string({ char: "m", description: "Set commit message for imported image" }),
    os: flag.string({ description: "Set the OS of the imported image", choices: ["linux", "windows"] }),
    quiet: flag.boolean({ char: "q", description: "Suppress output" }),
    variant: flag.string({ description: "Set the variant of the imported image" }),
  };
  static override arity = between(1, 2);
  static override completes = ["file", "image"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Import);
    await this.requireNamespace();
    const { imageProgress } = await import("../src/cli/image-progress.ts");
    const { importImage, isUrl } = await import("../src/engine/image/import.ts");
    const [source, reference] = args;
    const { change: changes, message, os, arch, variant, "signature-policy": signaturePolicy } = flags;
    if (isUrl(source as string)) this.printLine(`Downloading from ${JSON.stringify(source)}`);
    const image = await importImage(this.context, {
      source: source as string,
      reference: reference || undefined,
      changes,
      message,
      os,
      arch,
      variant,
      signaturePolicy,
      onProgress: imageProgress(flags.quiet),
    });
    this.printLine(`sha256:${image.id}`);
  }
}
