import { CoracleCommand, flag, none } from "../../src/cli/command.ts";
import { asksForJson, printRows, withJson } from "../../src/cli/report.ts";

export default class Ls extends CoracleCommand {
  static override summary = "List networks";
  static override description = "List networks";
  static override usage = "[options]";
  static override examples = ["coracle network ls", "coracle network ls --filter driver=bridge -q"];
  static override flags = {
    filter: flag.stringArray({
      char: "f",
      description: "Provide filter values (e.g. 'name=podman')",
    }),
    format: flag.string({ description: "Pretty-print networks to JSON or using a Go template" }),
    "no-trunc": flag.boolean({ description: "Do not truncate the network ID" }),
    noheading: flag.boolean({ char: "n", description: "Do not print headers" }),
    quiet: flag.boolean({ char: "q", description: "Display only names" }),
  };
  static override arity = none;

  async run(): Promise<void> {
    const { flags } = await this.input(Ls);
    const { listNetworks } = await import("../../src/engine/network/list.ts");
    const networks = listNetworks(this.context, flags.filter);
    if (flags.quiet) for (const { name } of networks) this.printLine(name);
    else if (asksForJson(flags.format)) this.printJson(networks, 2);
    else {
      const { networkRow } = await import("../../src/cli/network-report.ts");
      printRows(
        networks.map((network) =>
          withJson(networkRow(network, { noTrunc: flags["no-trunc"] }), () => network),
        ),
        {
          name: "ls",
          type: "network.ListPrintReports",
          format: flags.format,
          columns: "{{.ID}}\t{{.Name}}\t{{.Driver}}",
          headers: { ID: "NETWORK ID" },
          noHeading: flags.noheading,
        },
        this.print,
      );
    }
  }
}
