import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";

export default class Exists extends CoracleCommand {
  static override summary = "Check if a container exists in local storage";
  static override description =
    "If the named container exists in local storage, coracle container exists exits with 0, otherwise the exit code will be 1.";
  static override usage = "[options] CONTAINER";
  static override examples = ["coracle container exists myctr || coracle run --name myctr [etc...]"];
  static override flags = {
    external: flag.boolean({ description: "Check external storage containers as well as coracle's own" }),
  };
  static override arity = exactly(1);
  static override completes = ["container"] as const;
  static override configured = false;

  async run(): Promise<number> {
    const { args } = await this.input(Exists);
    const { containerExists } = await import("../../src/engine/container/exists.ts");
    return containerExists(this.context, args[0] as string) ? 0 : 1;
  }
}
