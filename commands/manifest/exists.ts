import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Exists extends CoracleCommand {
  static override summary = "Check if a manifest list exists in local storage";
  static override description =
    "If the manifest list exists in local storage, coracle manifest exists exits with 0, otherwise the exit code will be 1.";
  static override usage = "MANIFEST";
  static override examples = ["coracle manifest exists mylist:v1.11"];
  static override arity = exactly(1);
  static override completes = ["image"] as const;
  static override configured = false;

  async run(): Promise<number> {
    const { args } = await this.input(Exists);
    const { listExists } = await import("../../src/engine/manifest/inspect.ts");
    return listExists(this.context, args[0] as string) ? 0 : 1;
  }
}
