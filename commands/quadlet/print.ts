import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Print extends CoracleCommand {
  static override summary = "Display the contents of a quadlet";
  static override description =
    "Prints the contents of a Quadlet file, given by its name with the extension.";
  static override usage = "QUADLET";
  static override examples = ["coracle quadlet print web.container"];
  static override arity = exactly(1);
  static override completes = ["quadlet"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { args } = await this.input(Print);
    const { printQuadlet } = await import("../../src/engine/quadlet/installed.ts");
    this.print(printQuadlet(this.context, args[0] as string));
  }
}
