import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Exists extends CoracleCommand {
  static override summary = "Network exists";
  static override description =
    "If the named network exists, coracle network exists exits with 0, otherwise the exit code will be 1.";
  static override usage = "NETWORK";
  static override examples = ["coracle network exists net1"];
  static override arity = exactly(1);
  static override completes = ["network"] as const;

  async run(): Promise<number> {
    const { args } = await this.input(Exists);
    const { networkExists } = await import("../../src/engine/network/inspect.ts");
    return networkExists(this.context, args[0] as string) ? 0 : 1;
  }
}
