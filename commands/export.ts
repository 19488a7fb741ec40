import { CoracleCommand, exactly, flag } from "../src/cli/command.ts";
import { isTerminal } from "../src/cli/output.ts";

export default class Export extends CoracleCommand {
  static override summary = "Export container's filesystem contents as a tar archive";
  static override description =
    "Exports container's filesystem contents as a tar archive and saves it on the local machine.";
  static override usage = "[options] CONTAINER";
  static override examples = [
    "coracle export ctrID > myCtr.tar",
    'coracle export --output="myCtr.tar" ctrID',
  ];
  static override flags = {
    output: flag.string({
      char: "o",
      description: "Write to a specified file (default: stdout, which must be redirected)",
      default: "",
      completes: "file",
    }),
  };
  static override arity = exactly(1);
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Export);
    const output = flags.output || undefined;
    if (output === undefined && isTerminal(1)) {
      throw this.usageError("refusing to export to terminal. Use -o flag or redirect");
    }
    if (output?.includes(":")) {
      throw this.usageError(`invalid filename (should not contain ':') ${JSON.stringify(output)}`);
    }
    const { exportContainer } = await import("../src/engine/container/export.ts");
    await exportContainer(this.context, args[0] as string, output);
  }
}
