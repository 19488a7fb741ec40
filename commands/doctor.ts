import { CoracleCommand, flag } from "../src/cli/command.ts";

export default class Doctor extends CoracleCommand {
  static override summary = "Check that this host can run containers";
  static override description =
    "Checks everything on the host that containers need, and prints each finding with the command that cures it. The exit code is 1 when something is missing that containers can't do without.";
  static override examples = ["coracle doctor", "coracle doctor --format json"];
  static override flags = {
    format: flag.string({ description: "Change the output format to JSON" }),
  };

  async run(): Promise<number> {
    const { flags } = await this.input(Doctor);
    const { doctor } = await import("../src/engine/system/doctor.ts");
    const { asksForJson } = await import("../src/cli/report.ts");
    const findings = doctor(this.context);
    if (asksForJson(flags.format)) {
      this.printJson(findings);
    } else {
      for (const finding of findings) {
        this.printLine(`${finding.level.padEnd(7)}  ${finding.what}`);
        if (finding.cure) this.printLine(`         cure: ${finding.cure}`);
      }
    }
    return findings.some((finding) => finding.level === "error") ? 1 : 0;
  }
}
