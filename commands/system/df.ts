import { CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Df extends CoracleCommand {
  static override summary = "Show coracle disk usage";
  static override description = "Show how much disk space images, containers and volumes take.";
  static override examples = [
    "coracle system df",
    "coracle system df --verbose",
    "coracle system df --format '{{.Type}}\\t{{.Total}}'",
  ];
  static override flags = {
    format: flag.string({ description: "Pretty-print images using a Go template" }),
    verbose: flag.boolean({ char: "v", description: "Show detailed information on disk usage" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.input(Df);
    if (flags.format && flags.verbose) throw this.usageError("cannot combine --format and --verbose flags");
    const { diskUsage } = await import("../../src/engine/system/disk-usage.ts");
    const { diskUsageSummary, diskUsageTables } = await import("../../src/cli/disk-usage.ts");
    const { withPartial } = await import("../../src/cli/report.ts");
    const usage = diskUsage(this.context);
    if (flags.verbose) return this.print(diskUsageTables(usage));
    withPartial(this.print, () => diskUsageSummary(usage, flags.format));
  }
}
