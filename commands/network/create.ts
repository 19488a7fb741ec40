import { atMost, CoracleCommand, flag } from "../../src/cli/command.ts";
import { parseLabels } from "../../src/cli/values.ts";

export default class Create extends CoracleCommand {
  static override summary = "Create networks for containers and pods";
  static override description = "Create networks for containers and pods";
  static override usage = "[options] [NAME]";
  static override examples = [
    "coracle network create podman1",
    "coracle network create --subnet 192.0.2.0/24 --gateway 192.0.2.3 mynet",
    "coracle network create --ipv6 --label app=web -o isolate=true web",
  ];
  static override flags = {
    "disable-dns": flag.boolean({ description: "disable dns plugin" }),
    dns: flag.strings({ description: "DNS servers this network will use" }),
    driver: flag.string({
      char: "d",
      description: "driver to manage the network",
      default: "bridge",
      choices: ["bridge", "ipvlan", "macvlan"],
    }),
    gateway: flag.ips({ description: "IPv4 or IPv6 gateway for the subnet" }),
    ignore: flag.boolean({ description: "Don't fail if network already exists" }),
    "interface-name": flag.string({
      description: "interface name which is used by the driver",
      default: "",
    }),
    internal: flag.boolean({ description: "restrict external access from this network" }),
    "ip-range": flag.stringArray({ description: "allocate container IP from range" }),
    "ipam-driver": flag.string({
      description: "IP Address Management Driver",
      default: "",
      choices: ["dhcp", "host-local", "none"],
    }),
    ipv6: flag.boolean({ description: "enable IPv6 networking" }),
    label: flag.stringArray({ description: "set metadata on a network" }),
    opt: flag.stringArray({ char: "o", description: "Set driver specific options (default [])" }),
    route: flag.stringArray({ description: "static routes" }),
    subnet: flag.stringArray({ description: "subnets in CIDR format" }),
  };
  static override arity = atMost(1);
  static override completes = ["none"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Create);
    const labels = parseLabels(flags.label, [], "failed to parse labels");
    const options = parseLabels(flags.opt, [], "unable to process options");
    const { createNetwork } = await import("../../src/engine/network/create.ts");
    const request = {
      name: args[0] ?? "",
      driver: flags.driver,
      subnets: flags.subnet,
      gateways: flags.gateway,
      ranges: flags["ip-range"],
      routes: flags.route,
      dnsServers: flags.dns,
      interfaceName: flags["interface-name"],
      ipamDriver: flags["ipam-driver"],
      ipv6: flags.ipv6,
      internal: flags.internal,
      disableDns: flags["disable-dns"],
      labels,
      options,
    };
    this.printLine(await createNetwork(this.context, request, { ignore: flags.ignore }));
  }
}
