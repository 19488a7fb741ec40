import { any, CoracleCommand, flag } from "../src/cli/command.ts";
import { warn } from "../src/cli/log.ts";

export default class Stop extends CoracleCommand {
  static override summary = "Stop one or more containers";
  static override description =
    "Stops one or more running containers. The container name or ID can be used.\n\nA timeout to forcibly stop the container can also be set but defaults to 10 seconds otherwise.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle stop ctrID", "coracle stop --time 2 ctrID"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Stop all running containers" }),
    cidfile: flag.stringArray({ description: "Read the container ID from the file", completes: "file" }),
    filter: flag.stringArray({ char: "f", description: "Filter output based on conditions given" }),
    ignore: flag.boolean({ char: "i", description: "Ignore errors when a specified container is missing" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    time: flag.int({
      char: "t",
      aliases: ["timeout"],
      description: "Seconds to wait for stop before killing the container (default 10)",
    }),
  };
  static override arity = any;
  static override completes = ["running"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Stop);
    this.checkSelection(args, flags);
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { stopContainers } = await import("../src/engine/container/many.ts");
    const names = await selectContainers(this.context, {
      names: args,
      all: flags.all,
      latest: flags.latest,
      cidfiles: flags.cidfile,
      filters: flags.filter,
      ignore: flags.ignore,
    });
    for (const result of await stopContainers(this.context, names, { timeout: flags.time, warn })) {
      if (result.status === "fulfilled") this.printLine(result.value);
      else if (!(flags.ignore && result.reason?.code === "no-such-container")) this.report(result.reason);
    }
  }
}
