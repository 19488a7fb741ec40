import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Reload extends CoracleCommand {
  static override summary = "Reload networks for one or more containers";
  static override description =
    "Makes the networks of running containers anew: interfaces, names and firewall rules.";
  static override usage = "[options] [CONTAINER...]";
  static override examples = ["coracle network reload 3c13ef6dd843", "coracle network reload --all"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Reload network configuration of all containers" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
  };
  static override arity = any;
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Reload);
    this.checkSelection(args, flags);
    await this.requireNamespace();
    const { selectContainers, forEach } = await import("../../src/engine/container/select.ts");
    const { reloadable, reloadNetworks } = await import("../../src/engine/network/connect.ts");
    const names = flags.all
      ? reloadable(this.context)
      : await selectContainers(this.context, {
          names: args,
          all: false,
          latest: flags.latest,
          cidfiles: [],
          filters: [],
          states: ["running"],
        });
    const results = await forEach(names, (name) => reloadNetworks(this.context, name));
    for (const result of results) {
      if (result.status === "fulfilled") this.printLine(result.value);
      else this.report(result.reason);
    }
  }
}
