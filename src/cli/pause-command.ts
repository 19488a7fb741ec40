import { any, CoracleCommand, flag } from "./command.ts";
import type { Completes } from "./flags.ts";

/** What `pause` and `unpause` have in common: they do one thing to many containers. */
export abstract class PauseCommand extends CoracleCommand {
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override flags = {
    all: flag.boolean({ char: "a", description: "Act on all containers that it applies to" }),
    cidfile: flag.stringArray({ description: "Read the container ID from the file", completes: "file" }),
    filter: flag.stringArray({ char: "f", description: "Filter output based on conditions given" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
  };
  static override arity = any;
  static override completes: readonly Completes[] = ["running"];

  /** Containers in this state are those of --all. */
  protected abstract readonly state: "running" | "paused";

  protected abstract act(name: string): Promise<unknown>;

  async run(): Promise<void> {
    const { flags, args } = await this.input(PauseCommand);
    this.checkSelection(args, flags);
    const { selectContainers, forEach } = await import("../engine/container/select.ts");
    const names = await selectContainers(this.context, {
      names: args,
      all: flags.all,
      latest: flags.latest,
      cidfiles: flags.cidfile,
      filters: flags.filter,
      states: [this.state],
    });
    for (const [index, result] of (await forEach(names, (name) => this.act(name))).entries()) {
      if (result.status === "fulfilled") this.printLine(names[index]);
      else this.report(result.reason);
    }
  }
}
