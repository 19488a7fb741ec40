import { CoracleCommand, flag } from "../src/cli/command.ts";

export default class Version extends CoracleCommand {
  static override summary = "Display the version information";
  static override description =
    "Display the version of coracle and of the Podman that it is compatible with.";
  static override examples = ["coracle version", "coracle version --format '{{.Client.Version}}'"];
  static override flags = {
    format: flag.string({ char: "f", description: "Change the output format to JSON or a Go template" }),
  };
  static override configured = false;

  async run(): Promise<void> {
    const { flags } = await this.input(Version);
    const { versionReport, versionText } = await import("../src/cli/version.ts");
    const report = versionReport();
    if (flags.format === undefined) return this.print(versionText(report));
    const { asksForJson, printOne } = await import("../src/cli/report.ts");
    const { versionFields } = await import("../src/cli/info.ts");
    const { TemplateError } = await import("../src/cli/template/error.ts");
    if (asksForJson(flags.format)) return this.printLine(JSON.stringify(report));
    const fields = versionFields(report);
    try {
      printOne("version", flags.format, fields, this.print);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      // As in Podman: there is no server, and once the fields of the client were at the top.
      printOne("version", flags.format.replaceAll(".Server.", "."), fields.Client, this.print);
    }
  }
}
