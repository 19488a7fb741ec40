import { CoracleCommand, flag } from "../../src/cli/command.ts";
import { confirm } from "../../src/cli/confirm.ts";

export default class Prune extends CoracleCommand {
  static override summary = "Remove unused data";
  static override description =
    "Removes stopped containers and dangling images; with --all all unused images, with --volumes unused volumes, too.";
  static override examples = [
    "coracle system prune",
    "coracle system prune --all --volumes --force",
    "coracle system prune --filter until=24h",
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Remove all unused data" }),
    build: flag.boolean({ description: "Remove build containers" }),
    external: flag.boolean({ description: "Remove what killed commands have left in the storage" }),
    filter: flag.stringArray({ description: "Provide filter values (e.g. 'label=<key>=<value>')" }),
    force: flag.boolean({ char: "f", description: "Do not prompt for confirmation.  The default is false" }),
    volumes: flag.boolean({ description: "Prune volumes" }),
  };
  static override frees = true;

  async run(): Promise<void> {
    const { flags } = await this.input(Prune);
    const { all, volumes, filter: filters } = flags;
    const { pruneLeftovers, systemPrune } = await import("../../src/engine/system/prune.ts");
    if (flags.external) {
      if (all || volumes || flags.build || filters.length > 0) {
        throw this.usageError("system prune --external cannot be combined with other options");
      }
      return await pruneLeftovers(this.context);
    }
    if (!flags.force && !(await confirm(this.#question(flags)))) return;
    const { humanSize } = await import("../../src/oci/human-units.ts");
    const result = await systemPrune(this.context, { all, volumes, filters });
    this.#list("Containers", result.containers);
    this.#list("Volumes", result.volumes);
    this.#list("Images", result.images);
    this.#list("Networks", result.networks);
    this.printLine(`Total reclaimed space: ${humanSize(result.reclaimed)}`);
    for (const error of result.errors) this.report(error);
  }

  #question({ all, build, volumes }: { all: boolean; build: boolean; volumes: boolean }): string {
    const what = [
      "all stopped containers",
      "all networks not used by at least one container",
      ...(volumes ? ["all volumes not used by at least one container"] : []),
      ...(build ? ["all build containers"] : []),
      ...(all
        ? ["all images without at least one container associated with them", "all build cache"]
        : ["all dangling images", "all dangling build cache"]),
    ];
    const lines = what.map((line) => `\t- ${line}\n`).join("");
    return `WARNING! This command removes:\n${lines}\nAre you sure you want to continue? [y/N] `;
  }

  #list(what: string, names: readonly string[]): void {
    if (names.length > 0) this.printLine(`Deleted ${what}`);
    for (const name of names) this.printLine(name);
  }
}
