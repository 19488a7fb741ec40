import { CoracleCommand, flag } from "../../src/cli/command.ts";
import { EngineError } from "../../src/errors.ts";

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
    max: flag.duration({
      char: "m",
      description: "Maximum allowed age of unreferenced layers; here they are removed at once",
      default: "24h0m0s",
    }),
    quick: flag.boolean({
      char: "q",
      description: "Skip time-consuming checks. The default is to include time-consuming checks",
    }),
    repair: flag.boolean({ char: "r", description: "Remove inconsistent images" }),
  };
  static override frees = true;

  async run(): Promise<void> {
    const { flags } = await this.input(Check);
    const { systemCheck } = await import("../../src/engine/system/check.ts");
    const found = await systemCheck(this.context, {
      quick: flags.quick,
      repair: flags.force ? "all" : flags.repair ? "images" : "nothing",
    });
    for (const { kind, id, what, outcome, aside } of found) {
      this.printLine(`Damaged ${kind} ${id}:\n1 error occurred:\n\t* ${what}\n`);
      if (outcome === "removed") this.printLine(`Deleted damaged ${kind}: ${id}`);
      if (outcome === "moved") this.printLine(`Moved damaged ${kind}: ${id} to ${aside}`);
      if (outcome === "repaired") this.printLine(`Repaired damaged ${kind}: ${id}`);
    }
    if (found.every(({ outcome }) => outcome !== "nothing")) return;
    throw flags.repair || flags.force
      ? new EngineError("damaged", "damage in local storage still present after repair attempt", {
          hint: "`coracle system check --force` removes damaged containers, too",
        })
      : new EngineError("damaged", "damage detected in local storage", {
          hint: "`coracle system check --repair` removes damaged images, --force containers, too, and moves damaged indexes aside",
        });
  }
}
