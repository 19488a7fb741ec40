import { CoracleCommand, flag } from "../src/cli/command.ts";

export default class Version extends CoracleCommand {
  static override summary = "Display the version information";
  static override flags = {
    format: flag.unsupported("string", {
      char: "f",
      description: "Change the output format to JSON or a Go template",
    }),
  };

  async run(): Promise<void> {
    await this.input(Version);
    const { versionReport } = await import("../src/cli/version.ts");
    const { Client } = versionReport();
    this.printLine(`Client:       Coracle Engine\nVersion:      ${Client.Version}\nOS/Arch:      ${Client.OsArch}`);
  }
}
