import { CoracleCommand } from "../../src/cli/command.ts";

export default class Renumber extends CoracleCommand {
  static override summary = "Migrate lock numbers";
  static override description =
    "Locks have no numbers, and there is no limit to them: nothing has to be migrated. This is for scripts that call it; it succeeds.";
  static override usage = "";
  static override examples = ["coracle system renumber"];

  async run(): Promise<void> {
    await this.input(Renumber);
  }
}
