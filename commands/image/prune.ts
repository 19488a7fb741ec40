import { CoracleCommand, flag } from "../../src/cli/command.ts";
import { confirm } from "../../src/cli/confirm.ts";

export default class Prune extends CoracleCommand {
  static override summary = "Remove unused images";
  static override description = "Removes dangling or unused images from local storage.";
  static override examples = [
    "coracle image prune",
    "coracle image prune --all --force",
    "coracle image prune --filter until=24h",
  ];
  static override flags = {
    all: flag.boolean({
      char: "a",
      description: "Remove all images not in use by containers, not just dangling ones",
    }),
    "build-cache": flag.boolean({ description: "Remove the persistent cache of builds" }),
    external: flag.boolean({
      description: "Remove images even when they are used by external containers (e.g., by build containers)",
    }),
    filter: flag.stringArray({ description: "Provide filter values (e.g. 'label=<key>=<value>')" }),
    force: flag.boolean({ char: "f", description: "Do not prompt for confirmation" }),
  };
  static override frees = true;

  async run(): Promise<void> {
    const { flags } = await this.input(Prune);
    const which = flags.all
      ? "images without at least one container associated with them"
      : "dangling images";
    const question = `WARNING! This command removes all ${which}.\nAre you sure you want to continue? [y/N] `;
    if (!flags.force && !(await confirm(question))) return;
    const { pruneBuildCache, pruneImages } = await import("../../src/engine/image/prune.ts");
    const { all, external, filter: filters } = flags;
    if (flags["build-cache"]) pruneBuildCache(this.context);
    for (const { id } of await pruneImages(this.context, { all, external, filters })) this.printLine(id);
  }
}
