import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";

export default class Update extends CoracleCommand {
  static override summary = "Update an existing podman network";
  static override description =
    "Allow changes to existing container networks. Containers that run see them when they are started again, or after `coracle network reload`.";
  static override usage = "[options] NETWORK";
  static override examples = [
    "coracle network update podman1",
    "coracle network update --dns-add 192.0.2.53 podman1",
  ];
  static override flags = {
    "dns-add": flag.strings({ description: "add network level nameservers" }),
    "dns-drop": flag.strings({ description: "remove network level nameservers" }),
  };
  static override arity = exactly(1);
  static override completes = ["network"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Update);
    const { updateNetwork } = await import("../../src/engine/network/update.ts");
    const name = await updateNetwork(this.context, args[0] as string, {
      add: flags["dns-add"],
      drop: flags["dns-drop"],
    });
    this.printLine(name);
  }
}
