import { CoracleCommand, flag } from "../src/cli/command.ts";

export default class Info extends CoracleCommand {
  static override summary = "Display coracle system information";
  static override description =
    "Display information pertaining to the host, current storage stats, and build of coracle.\n\nUseful for the user and when reporting issues.";
  static override examples = ["coracle info", "coracle info --format json"];
  static override flags = {
    debug: flag.boolean({ char: "D", description: "Display additional debug information", hidden: true }),
    format: flag.string({ char: "f", description: "Change the output format to JSON or a Go template" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.input(Info);
    const { systemInfo } = await import("../src/engine/system/info.ts");
    const { toYaml } = await import("../src/cli/yaml.ts");
    const { infoFields } = await import("../src/cli/info.ts");
    const { asksForJson, printOne } = await import("../src/cli/report.ts");
    const { versionReport } = await import("../src/cli/version.ts");
    const info = await systemInfo(this.context, versionReport().Client);
    if (flags.format === undefined) this.printLine(toYaml(info));
    else if (asksForJson(flags.format)) this.printJson(info, 2);
    else printOne("info", flags.format, infoFields(info), this.print);
  }
}
