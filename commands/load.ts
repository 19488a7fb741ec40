import { CoracleCommand, flag, none } from "../src/cli/command.ts";
import { isTerminal } from "../src/cli/output.ts";
import { policyFlag } from "../src/cli/registry-flags.ts";

export default class Load extends CoracleCommand {
  static override summary = "Load image(s) from a tar archive";
  static override description =
    "Loads images from a docker-archive or oci-archive, plain or compressed with gzip, zstd, xz or bzip2, from a file or from standard input.";
  static override usage = "[options]";
  static override examples = [
    "coracle load < archive.tar",
    "coracle load -i archive.tar.gz",
    "coracle load -q -i https://example.com/archive.tar",
  ];
  static override flags = {
    input: flag.string({
      char: "i",
      description: "Read from specified archive file (default: stdin)",
      completes: "file",
    }),
    quiet: flag.boolean({ char: "q", description: "Suppress the output" }),
    "signature-policy": policyFlag,
  };
  static override arity = none;

  async run(): Promise<void> {
    const { flags } = await this.input(Load);
    if (flags.input === undefined && isTerminal(0)) {
      throw this.usageError("cannot read from terminal, use command-line redirection or the --input flag");
    }
    await this.requireNamespace();
    const { loadArchive } = await import("../src/engine/image/load.ts");
    const { imageProgress } = await import("../src/cli/image-progress.ts");
    const loaded = await loadArchive(this.context, {
      input: flags.input ?? "-",
      signaturePolicy: flags["signature-policy"],
      onProgress: imageProgress(flags.quiet),
    });
    for (const { image, names } of loaded) {
      for (const name of names.length > 0 ? names : [`sha256:${image.id}`])
        this.printLine(`Loaded image: ${name}`);
    }
  }
}
