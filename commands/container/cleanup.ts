import { atLeast, CoracleCommand } from "../../src/cli/command.ts";

export default class Cleanup extends CoracleCommand {
  static override summary = "Clean up network and mountpoints of one or more containers";
  static override description =
    "Finishes containers that have ended: clears what a killed process left of them, and removes those made with --rm.";
  static override usage = "CONTAINER [CONTAINER...]";
  static override examples = ["coracle container cleanup ctrID1 ctrID2"];
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
