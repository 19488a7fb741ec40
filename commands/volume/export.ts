import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";
import { isTerminal } from "../../src/cli/output.ts";

export default class Export extends CoracleCommand {
  static override summary = "Export volumes";
  static override description = "Allow content of volume to be exported into external tar.";
  static override usage = "[options] VOLUME";
  static override examples = [
    "coracle volume export myvol --output myvol.tar",
    "coracle volume export myvol > myvol.tar",
  ];
  static override flags = {
    output: flag.string({
      char: "o",
      description: "Write to a specified file (default: stdout, which must be redirected)",
      completes: "file",
    }),
  };
  static override arity = exactly(1);
  static override completes = ["volume"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Export);
    if (flags.output === "") throw this.usageError("must provide valid path for file to write to");
    if (flags.output === undefined && isTerminal(1)) {
      throw this.usageError("cannot write to terminal, use command-line redirection or the --output flag");
    }
    await this.requireNamespace();
    const { exportVolume } = await import("../../src/engine/volume/export.ts");
    await exportVolume(this.context, args[0] as string, flags.output);
  }
}
