import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";
import { parseConnection } from "../../src/cli/container/network-flags.ts";

export default class Connect extends CoracleCommand {
  static override summary = "Add container to a network";
  static override description = "Add container to a network";
  static override usage = "[options] NETWORK CONTAINER";
  static override examples = [
    "coracle network connect web secondary",
    "coracle network connect --alias db --ip 10.89.1.13 web secondary",
  ];
  static override flags = {
    alias: flag.strings({ description: "network scoped alias for container" }),
    ip: flag.ip({ description: "set a static ipv4 address for this container network" }),
    ip6: flag.ip({ description: "set a static ipv6 address for this container network" }),
    "mac-address": flag.string({
      description: "set a static mac address for this container network",
      default: "",
    }),
  };
  static override arity = exactly(2);
  static override completes = ["network", "container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Connect);
    const { ip = "", ip6 = "" } = flags;
    const connection = parseConnection({ ...flags, ip, ip6 });
    await this.requireNamespace();
    const { connectNetwork } = await import("../../src/engine/network/connect.ts");
    await connectNetwork(this.context, args[0] as string, args[1] as string, connection);
  }
}
