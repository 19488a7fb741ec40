import { CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Check extends CoracleCommand {
  static override summary = "Check storage consistency";
  static override description =
    "Check storage for consistency and remove anything that looks damaged if asked to.";
  static override examples = [
    "coracle system check",
    "coracle system check --quick",
    "coracle system check --repair",
  ];
  static override flags = {
    force: flag.boolean({ char: "f", description: "Remove inconsistent images and containers" }),
    max: flag.unsupported("string", { char: "m", description: "Maximum allowed age of unreferenced layers" }),
    quick: flag.boolean({
      char: "q",
      description: "Skip time-consuming checks. The default is to include time-consuming checks",
    }),
    repair: flag.boolean({ char: "r", description: "Remove inconsistent images" }),
  };

  async run(): Promise<number> {
    const { flags } = await this.input(Check);
    const { systemCheck } = await import("../../src/engine/system/check.ts");
    const repair = flags.repair || flags.force;
    const found = await systemCheck(this.context, { quick: flags.quick, repair });
    for (const { kind, id, what } of found) {
      this.printLine(`Damage detected: ${kind} ${id}: ${what}${repair ? " (removed)" : ""}`);
    }
    if (found.length > 0 && !repair) {
      this.printError(
        "Error: the store is damaged; run `coracle system check --repair` to remove what is damaged",
      );
      return 125;
    }
    return 0;
  }
}
