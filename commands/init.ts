import { any, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Init extends CoracleCommand {
  static override summary = "Initialize one or more containers";
  static override description =
    "Initialize one or more containers: mount their root filesystems, make their configuration and their namespaces, but don't run their processes. `start` then does only that.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle init 3c45ef19d893", "coracle init test1", "coracle init --all"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Initialize all containers" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
  };
  static override arity = any;
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Init);
    this.checkSelection(args, flags);
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { initContainers } = await import("../src/engine/container/many.ts");
    const names = await selectContainers(this.context, { names: args, all: flags.all, latest: flags.latest });
    for (const [index, result] of (await initContainers(this.context, names)).entries()) {
      const wrongState = result.status === "rejected" && result.reason?.code === "container-state";
      if (result.status === "fulfilled" || (flags.all && wrongState)) this.printLine(names[index]);
      else this.report(result.reason);
    }
  }
}
