import { any, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Pause extends CoracleCommand {
  static override summary = "Pause all the processes in one or more containers";
  static override description = "Pause all the processes in one or more containers, by name or ID.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle pause mywebserver", "coracle pause --all"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Act on all running containers" }),
    cidfile: flag.stringArray({ description: "Read the container ID from the file" }),
    filter: flag.unsupported("stringArray", {
      char: "f",
      description: "Filter output based on conditions given",
    }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
  };
  static override arity = any;
  static override completes = ["running"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Pause);
    this.checkSelection(args, flags);
    const { selectContainers, forEach } = await import("../src/engine/container/select.ts");
    const { pauseContainer } = await import("../src/engine/container/pause.ts");
    const names = selectContainers(this.context, {
      names: args,
      all: flags.all,
      latest: flags.latest,
      cidfiles: flags.cidfile,
      states: ["running"],
    });
    for (const [index, result] of (
      await forEach(names, (name) => pauseContainer(this.context, name))
    ).entries()) {
      if (result.status === "fulfilled") this.printLine(names[index]);
      else this.report(result.reason);
    }
  }
}
