import { any, CoracleCommand, flag } from "../src/cli/command.ts";
import { warn } from "../src/cli/log.ts";

export default class Restart extends CoracleCommand {
  static override summary = "Restart one or more containers";
  static override description =
    "Restarts one or more containers, running or not. The container ID or name can be used.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle restart ctrID", "coracle restart --time 0 --all"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Restart all non-running containers" }),
    cidfile: flag.stringArray({ description: "Read the container ID from the file", completes: "file" }),
    filter: flag.stringArray({ char: "f", description: "Filter output based on conditions given" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    running: flag.boolean({ description: "Restart only running containers" }),
    time: flag.int({
      char: "t",
      aliases: ["timeout"],
      description: "Seconds to wait for stop before killing the container (default 10)",
    }),
  };
  static override arity = any;
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Restart);
    if (!flags.running || flags.filter.length > 0) this.checkSelection(args, flags);
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { restartContainers } = await import("../src/engine/container/many.ts");
    // As Podman has it: --running means all that run, whatever else is named.
    const names = await selectContainers(
      this.context,
      flags.running
        ? { names: [], all: true, states: ["running"] }
        : {
            names: args,
            all: flags.all,
            latest: flags.latest,
            cidfiles: flags.cidfile,
            filters: flags.filter,
          },
    );
    for (const result of await restartContainers(this.context, names, { timeout: flags.time, warn })) {
      if (result.status === "fulfilled") this.printLine(result.value);
      else this.report(result.reason);
    }
  }
}
