import { CoracleCommand, flag } from "../../src/cli/command.ts";
import { confirm } from "../../src/cli/confirm.ts";

export default class Prune extends CoracleCommand {
  static override summary = "Remove all unused volumes";
  static override description =
    "Volumes that are not currently owned by a container will be removed.\n\nThe command prompts for confirmation which can be overridden with the --force flag. Note all data will be destroyed.";
  static override usage = "[options]";
  static override examples = [
    "coracle volume prune",
    "coracle volume prune --force",
    "coracle volume prune --filter label=mylabel=mylabelvalue",
  ];
  static override flags = {
    all: flag.boolean({
      char: "a",
      description: "Prune all unused volumes, which is also what happens without",
    }),
    filter: flag.stringArray({ description: "Provide filter values (e.g. 'label=<key>=<value>')" }),
    force: flag.boolean({ char: "f", description: "Do not prompt for confirmation" }),
  };
  static override frees = true;

  async run(): Promise<void> {
    const { flags } = await this.input(Prune);
    await this.requireNamespace();
    const { pruneVolumes, unusedVolumes } = await import("../../src/engine/volume/prune.ts");
    if (!flags.force) {
      this.printLine(
        "WARNING! This will remove all volumes not used by at least one container. The following volumes will be removed:",
      );
      const unused = unusedVolumes(this.context, flags.filter);
      if (unused.length === 0) return this.printLine("No dangling volumes found");
      for (const { name } of unused) this.printLine(name);
      if (!(await confirm("Are you sure you want to continue? [y/N] "))) return;
    }
    for (const name of await pruneVolumes(this.context, flags.filter)) this.printLine(name);
  }
}
