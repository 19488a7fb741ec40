import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Exists extends CoracleCommand {
  static override summary = "Check if a secret exists in local storage";
  static override description =
    "Check if a secret exists in local storage: coracle secret exists exits with 0 if it does, otherwise with 1.";
  static override usage = "SECRET";
  static override examples = [
    "coracle secret exists ID",
    "coracle secret exists SECRET || coracle secret create SECRET <secret source>",
  ];
  static override arity = exactly(1);
  static override completes = ["secret"] as const;

  async run(): Promise<number> {
    const { args } = await this.input(Exists);
    const { secretExists } = await import("../../src/engine/secret/inspect.ts");
    return secretExists(this.context, args[0] as string) ? 0 : 1;
  }
}
