import { CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Migrate extends CoracleCommand {
  static override summary = "Migrate containers";
  static override description =
    "Nothing has to be migrated: no process stays when no container runs, and a new version or other id mappings take effect by themselves. This is for scripts that call it; it succeeds.";
  static override examples = ["coracle system migrate"];
  static override flags = {
    "new-runtime": flag.unsupported("string", { description: "Specify a new runtime for all containers" }),
  };

  async run(): Promise<void> {
    await this.input(Migrate);
  }
}
