import { any, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Kill extends CoracleCommand {
  static override summary = "Kill one or more running containers with a specific signal";
  static override description =
    "The main process inside each container specified will be sent SIGKILL, or any signal specified with option --signal.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle kill mywebserver", "coracle kill --signal TERM mywebserver"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Signal all running containers" }),
    cidfile: flag.stringArray({ description: "Read the container ID from the file", completes: "file" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    signal: flag.string({
      char: "s",
      description: "Signal to send to the container",
      default: "KILL",
      completes: "signal",
    }),
  };
  static override arity = any;
  static override completes = ["running"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Kill);
    this.checkSelection(args, flags);
    const { parseSignal } = await import("../src/cli/values.ts");
    const { selectContainers, forEach } = await import("../src/engine/container/select.ts");
    const { killContainer } = await import("../src/engine/container/kill.ts");
    const signal = parseSignal(flags.signal);
    const names = await selectContainers(this.context, {
      names: args,
      all: flags.all,
      latest: flags.latest,
      cidfiles: flags.cidfile,
      states: ["running", "paused"],
    });
    for (const [index, result] of (
      await forEach(names, (name) => killContainer(this.context, name, signal))
    ).entries()) {
      if (result.status === "fulfilled") this.printLine(names[index]);
      else this.report(result.reason);
    }
  }
}
