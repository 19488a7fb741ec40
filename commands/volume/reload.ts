import { CoracleCommand } from "../../src/cli/command.ts";

export default class Reload extends CoracleCommand {
  static override summary = "reload all volumes from volume plugins";
  static override description =
    "Check all configured volume plugins and update the store with all available volumes.\n\nThere are no volume plugins here: the volumes are those of the store, and nothing is to be reloaded.";
  static override usage = "";
  static override examples = ["coracle volume reload"];

  async run(): Promise<void> {
    await this.input(Reload);
  }
}
