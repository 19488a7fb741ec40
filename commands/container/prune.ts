import { CoracleCommand, flag, none } from "../../src/cli/command.ts";

export default class Prune extends CoracleCommand {
  static override summary = "Remove all non running containers";
  static override description = "coracle container prune removes all containers that do not run.";
  static override examples = [
    "coracle container prune",
    'coracle container prune --force --filter "until=24h"',
    "coracle container prune --filter label!=keep",
  ];
  static override flags = {
    filter: flag.stringArray({
      description: "Provide filter values (e.g. 'label=<key>=<value>')",
      value: "filter",
    }),
    force: flag.boolean({ char: "f", description: "Do not prompt for confirmation.  The default is false" }),
  };
  static override arity = none;
  static override frees = true;

  async run(): Promise<void> {
    const { flags } = await this.input(Prune);
    if (!flags.force) {
      const { confirm } = await import("../../src/cli/confirm.ts");
      const warning = "WARNING! This will remove all non running containers.\n";
      if (!(await confirm(`${warning}Are you sure you want to continue? [y/N] `))) return;
    }
    const { pruneContainers } = await import("../../src/engine/container/prune.ts");
    for (const result of await pruneContainers(this.context, flags.filter)) {
      if (result.status === "rejected") this.report(result.reason);
      else if (result.value !== undefined) this.printLine(result.value);
    }
  }
}
