import { CoracleCommand, flag, none } from "../../src/cli/command.ts";
import { forTemplate } from "../../src/cli/inspect.ts";
import { asksForJson, printRows, withJson } from "../../src/cli/report.ts";
import { listVolumes } from "../../src/engine/volume/list.ts";

export default class Ls extends CoracleCommand {
  static override summary = "List volumes";
  static override description =
    "Lists all available volumes. The output can be filtered, and the format changed to JSON or a Go template.";
  static override usage = "[options]";
  static override examples = ["coracle volume ls", "coracle volume ls --filter label=key=value -q"];
  static override flags = {
    filter: flag.stringArray({ char: "f", description: "Filter volume output" }),
    format: flag.string({ description: "Format volume output using JSON or a Go template" }),
    noheading: flag.boolean({ char: "n", description: "Do not print headers" }),
    quiet: flag.boolean({ char: "q", description: "Print volume output in quiet mode" }),
  };
  static override arity = none;

  async run(): Promise<void> {
    const { flags, given } = await this.input(Ls);
    if (flags.quiet && given.has("format")) {
      throw this.usageError("quiet and format flags cannot be used together");
    }
    const volumes = listVolumes(this.context, flags.filter);
    if (flags.quiet) for (const volume of volumes) this.printLine(volume.Name);
    else if (asksForJson(flags.format)) this.printJson(volumes, 2);
    else {
      const columns = "{{.Driver}}\t{{.Name}}";
      const headers = { Name: "VOLUME NAME" };
      const options = {
        name: "ls",
        type: "*types.VolumeListReport",
        format: flags.format,
        columns,
        headers,
        noHeading: flags.noheading,
      };
      printRows(
        volumes.map((volume) => withJson(forTemplate(volume) as object, () => volume)),
        options,
        this.print,
      );
    }
  }
}
