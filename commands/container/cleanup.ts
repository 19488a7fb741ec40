import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Cleanup extends CoracleCommand {
  static override summary = "Clean up network and mountpoints of one or more containers";
  static override description =
    "Finishes containers that have ended: clears what a killed process left of them, and removes those made with --rm.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle container cleanup ctrID1 ctrID2"];
  static override flags = {
    all: flag.unsupported("bool", { char: "a", description: "Clean up all containers" }),
    exec: flag.unsupported("string", {
      description: "Clean up the given exec session instead of the container",
    }),
    latest: flag.unsupported("bool", {
      char: "l",
      description: "Act on the latest container coracle is aware of",
    }),
    rm: flag.unsupported("bool", { description: "After cleanup, remove the container entirely" }),
    rmi: flag.unsupported("bool", { description: "After cleanup, remove the image entirely" }),
  };
  static override arity = atLeast(1);
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { args } = await this.input(Cleanup);
    const { cleanUpContainer } = await import("../../src/engine/container/cleanup.ts");
    for (const name of args) {
      const id = await cleanUpContainer(this.context, name);
      if (id !== undefined) this.printLine(id);
    }
  }
}
