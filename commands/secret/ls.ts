import { CoracleCommand, flag } from "../../src/cli/command.ts";
import { asksForJson, printRows } from "../../src/cli/report.ts";
import { humanTimeSince } from "../../src/oci/human-units.ts";

export default class Ls extends CoracleCommand {
  static override summary = "List secrets";
  static override description = "List secrets";
  static override usage = "[options]";
  static override examples = ["coracle secret ls", "coracle secret ls --format '{{.Name}}'"];
  static override flags = {
    filter: flag.stringArray({ char: "f", description: "Filter secret output" }),
    format: flag.string({ description: "Format secret output using Go template" }),
    noheading: flag.boolean({ char: "n", description: "Do not print headers" }),
    quiet: flag.boolean({ char: "q", description: "Print secret IDs only" }),
  };

  async run(): Promise<void> {
    const { flags, given } = await this.input(Ls);
    const { listSecrets } = await import("../../src/engine/secret/list.ts");
    const rows = listSecrets(this.context, flags.filter).map((secret) => ({
      ID: secret.ID,
      Name: secret.Spec.Name,
      Driver: secret.Spec.Driver.Name,
      CreatedAt: humanTimeSince(secret.CreatedAt),
      UpdatedAt: humanTimeSince(secret.UpdatedAt),
    }));
    if (flags.quiet && !given.has("format")) for (const { ID } of rows) this.printLine(ID);
    else if (asksForJson(flags.format)) this.printJson(rows);
    else {
      const options = {
        name: "ls",
        type: "*types.SecretListReport",
        format: flags.format,
        columns: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}",
        headers: { CreatedAt: "CREATED", UpdatedAt: "UPDATED" },
        noHeading: flags.noheading,
      };
      printRows(rows, options, this.print);
    }
  }
}
