import { CoracleCommand, flag } from "../src/cli/command.ts";
import { clearScreen } from "../src/cli/output.ts";
import { asksForJson } from "../src/cli/report.ts";

export default class Ps extends CoracleCommand {
  static override summary = "List containers";
  static override description = "Prints out information about the containers";
  static override examples = [
    "coracle ps -a",
    'coracle ps -a --format "{{.ID}}  {{.Image}}  {{.Labels}}  {{.Mounts}}"',
    "coracle ps --size",
  ];
  static override flags = {
    all: flag.boolean({
      char: "a",
      description: "Show all the containers, default is only running containers",
    }),
    external: flag.boolean({
      aliases: ["storage"],
      description: "Show containers in storage not controlled by coracle",
    }),
    filter: flag.stringArray({ char: "f", description: "Filter output based on conditions given" }),
    format: flag.string({ description: "Pretty-print containers to JSON or using a Go template" }),
    last: flag.int({
      char: "n",
      description: "Print the n last created containers (all states)",
      default: -1,
    }),
    latest: flag.boolean({ char: "l", description: "Show the latest container created (all states)" }),
    ns: flag.boolean({ description: "Display namespace information", aliases: ["namespace"] }),
    noheading: flag.boolean({ description: "Do not print headers" }),
    "no-trunc": flag.boolean({ aliases: ["notruncate"], description: "Display the extended information" }),
    pod: flag.boolean({
      char: "p",
      description: "Print the ID and name of the pod the containers are associated with",
    }),
    quiet: flag.boolean({ char: "q", description: "Print the numeric IDs of the containers only" }),
    size: flag.boolean({ char: "s", description: "Display the total file sizes" }),
    sort: flag.choice({
      choices: ["command", "created", "id", "image", "names", "runningfor", "size", "status"],
      description: "Sort output by: command, created, id, image, names, runningfor, size, status",
      default: "created",
    }),
    sync: flag.boolean({ description: "Sync container state with OCI runtime" }),
    watch: flag.uint({
      char: "w",
      description: "Watch the ps output on an interval in seconds",
      default: 0,
    }),
  };
  static override configured = false;

  async run(): Promise<void> {
    const { flags, given } = await this.input(Ps);
    if (flags.quiet && (flags.size || flags.ns)) {
      throw this.usageError("quiet conflicts with size and namespace");
    }
    if (flags.size && flags.ns) throw this.usageError("size and namespace options conflict");
    if (flags.latest && given.has("last")) throw this.usageError("last and latest are mutually exclusive");
    if (flags.watch > 0 && flags.latest) {
      throw this.usageError("the watch and latest flags cannot be used together");
    }
    const { listContainers } = await import("../src/engine/container/list.ts");
    const { showContainers } = await import("../src/cli/container-list.ts");
    const list = await listContainers(this.context);
    // Only inside the user's namespaces can leftovers be cleared and files be measured.
    if (list.needsHealing || flags.size || flags.sort === "size") await this.requireNamespace();
    const options = { ...flags, namespace: flags.ns, noTrunc: flags["no-trunc"] };
    // Only a table or template is watched.
    if (flags.watch === 0 || flags.quiet || asksForJson(flags.format)) {
      return await showContainers(this.context, list.containers, options);
    }
    for (;;) {
      const { containers } = await listContainers(this.context);
      clearScreen();
      await showContainers(this.context, containers, options);
      await new Promise((resolve) => setTimeout(resolve, flags.watch * 1000));
    }
  }
}
