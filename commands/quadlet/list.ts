import { CoracleCommand, flag } from "../../src/cli/command.ts";
import { asksForJson, printRows } from "../../src/cli/report.ts";

export default class List extends CoracleCommand {
  static override summary = "List Quadlets";
  static override description = "Lists all Quadlets configured for the current user.";
  static override usage = "[options]";
  static override examples = ["coracle quadlet list", "coracle quadlet list --filter 'name=web*'"];
  static override flags = {
    filter: flag.stringArray({ char: "f", description: "Filter output based on conditions given" }),
    format: flag.string({ description: "Pretty-print output to JSON or using a Go template" }),
    noheading: flag.boolean({ char: "n", description: "Do not print headers" }),
  };
  static override configured = false;

  async run(): Promise<void> {
    const { flags } = await this.input(List);
    const { listQuadlets } = await import("../../src/engine/quadlet/installed.ts");
    const quadlets = listQuadlets(this.context, flags.filter);
    if (asksForJson(flags.format)) return this.printJson(quadlets, 2);
    const columns = "{{.Name}}\t{{.UnitName}}\t{{.Path}}\t{{.Status}}\t{{.App}}";
    const headers = { Path: "PATH ON DISK", App: "APPLICATION" };
    const { format, noheading: noHeading } = flags;
    printRows(
      quadlets,
      { name: "list", type: "entities.ListQuadlet", format, columns, headers, noHeading },
      this.print,
    );
  }
}
