import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Exists extends CoracleCommand {
  static override summary = "Check if an image exists in local storage";
  static override description =
    "If the named image exists in local storage, coracle image exists exits with 0, otherwise the exit code will be 1.";
  static override usage = "IMAGE";
  static override examples = ["coracle image exists ID || coracle pull IMAGE"];
  static override arity = exactly(1);
  static override completes = ["image"] as const;
  static override configured = false;

  async run(): Promise<number> {
    const { args } = await this.input(Exists);
    const { imageExists } = await import("../../src/engine/image/inspect.ts");
    return imageExists(this.context, args[0] as string) ? 0 : 1;
  }
}
