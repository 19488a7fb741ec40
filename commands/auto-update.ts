import { CoracleCommand, flag } from "../src/cli/command.ts";
import { accessFlags, registryAccess } from "../src/cli/registry-flags.ts";
import { asksForJson, printRows } from "../src/cli/report.ts";

export default class AutoUpdate extends CoracleCommand {
  static override summary = "Auto update containers according to their auto-update policy";
  static override description =
    'Auto update containers according to their auto-update policy.\n\nAuto-update policies are specified with the "io.containers.autoupdate" label.\nContainers are expected to run in systemd units that create them anew, as Quadlet\'s and those of "coracle generate systemd --new".';
  static override usage = "[options]";
  static override completes = ["none"] as const;
  static override examples = ["coracle auto-update", "coracle auto-update --authfile ~/authfile.json"];
  static override flags = {
    authfile: accessFlags.authfile,
    "dry-run": flag.boolean({ description: "Check for pending updates" }),
    format: flag.string({ description: "Change the output format to JSON or a Go template" }),
    rollback: flag.boolean({
      description: "Rollback to previous image if update fails",
      default: true,
    }),
    "tls-verify": accessFlags["tls-verify"],
  };

  async run(): Promise<void> {
    const { flags, given } = await this.input(AutoUpdate);
    const { autoUpdate } = await import("../src/engine/container/auto-update.ts");
    const { reports, errors } = await autoUpdate(this.context, {
      dryRun: flags["dry-run"],
      rollback: flags.rollback,
      ...registryAccess(flags, given),
    });
    if (asksForJson(flags.format)) this.printJson(reports);
    else if (reports.length > 0) {
      const columns = "{{.Unit}}\t{{.Container}}\t{{.Image}}\t{{.Policy}}\t{{.Updated}}";
      printRows(
        reports,
        { name: "auto-update", type: "main.autoUpdateOutput", format: flags.format, columns },
        this.print,
      );
    }
    if (errors.length === 0) return;
    const { joinedError } = await import("../src/cli/joined-errors.ts");
    this.report(joinedError(errors, 125));
  }
}
