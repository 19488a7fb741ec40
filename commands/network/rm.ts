import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Rm extends CoracleCommand {
  static override summary = "Remove networks";
  static override description = "Remove networks";
  static override usage = "[options] NETWORK [NETWORK...]";
  static override examples = ["coracle network rm net1 net2", "coracle network rm --force net1"];
  static override flags = {
    force: flag.boolean({ char: "f", description: "remove any containers using network" }),
    time: flag.int({
      aliases: ["timeout"],
      char: "t",
      description: "Seconds to wait for running containers to stop before killing the container (default 10)",
    }),
  };
  static override arity = atLeast(1);
  static override completes = ["network"] as const;
  static override frees = true;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Rm);
    if (given.has("time") && !flags.force) {
      throw this.usageError("--force option must be specified to use the --time option");
    }
    if (flags.force) await this.requireNamespace();
    const { removeNetworks } = await import("../../src/engine/network/remove.ts");
    const { removed, errors } = await removeNetworks(this.context, args, {
      force: flags.force,
      timeout: flags.time,
    });
    for (const name of removed) this.printLine(name);
    for (const error of errors) this.report(error);
  }
}
