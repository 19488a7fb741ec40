import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";

export default class Disconnect extends CoracleCommand {
  static override summary = "Disconnect a container from a network";
  static override description = "Remove container from a network";
  static override usage = "[options] NETWORK CONTAINER";
  static override examples = ["coracle network disconnect web secondary"];
  static override flags = {
    force: flag.boolean({ char: "f", description: "force removal of container from network" }),
  };
  static override arity = exactly(2);
  static override completes = ["network", "container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Disconnect);
    await this.requireNamespace();
    const { disconnectNetwork } = await import("../../src/engine/network/connect.ts");
    await disconnectNetwork(this.context, args[0] as string, args[1] as string, { force: flags.force });
  }
}
