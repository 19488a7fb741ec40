import { CoracleCommand, flag } from "../../src/cli/command.ts";
import { confirm } from "../../src/cli/confirm.ts";

export default class Prune extends CoracleCommand {
  static override summary = "Prune unused networks";
  static override description = "Prune unused networks";
  static override usage = "[options]";
  static override examples = [
    "coracle network prune",
    "coracle network prune --filter label=app=web --force",
  ];
  static override flags = {
    filter: flag.stringArray({ description: "Provide filter values (e.g. 'label=<key>=<value>')" }),
    force: flag.boolean({ char: "f", description: "do not prompt for confirmation" }),
  };
  static override frees = true;

  async run(): Promise<void> {
    const { flags } = await this.input(Prune);
    if (!flags.force) {
      this.printLine("WARNING! This will remove all networks not used by at least one container.");
      if (!(await confirm("Are you sure you want to continue? [y/N] "))) return;
    }
    const { pruneNetworks } = await import("../../src/engine/network/remove.ts");
    for (const name of await pruneNetworks(this.context, flags.filter)) this.printLine(name);
  }
}
