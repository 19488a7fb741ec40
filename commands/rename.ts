import { CoracleCommand, exactly } from "../src/cli/command.ts";

export default class Rename extends CoracleCommand {
  static override summary = "Rename an existing container";
  static override description = "The coracle rename command allows you to rename an existing container.";
  static override usage = "CONTAINER NAME";
  static override examples = ["coracle rename containerA containerB"];
  static override arity = exactly(2);
  static override completes = ["container", "none"] as const;

  async run(): Promise<void> {
    const { args } = await this.input(Rename);
    const { renameContainer } = await import("../src/engine/container/rename.ts");
    await renameContainer(this.context, args[0] as string, args[1] as string);
  }
}
