import { EngineError } from "../../errors.ts";
import type { NetworkAttachment, NetworkMode } from "../../oci/container.ts";
import { parseAddress, parseMac, parseNetwork } from "../../oci/network-flag.ts";

type Connection = Omit<NetworkAttachment, "name">;

interface NetworkFlags {
  network: string[];
  ip: string;
  ip6: string;
  "mac-address": string;
  "network-alias": string[];
}

const BRIDGE_ONLY = ["ip", "ip6", "mac-address", "network-alias"] as const;

/** --network with what other flags say about it: addresses for the first of one network, aliases on all. */
export function networkMode(flags: NetworkFlags, given: ReadonlySet<string>): NetworkMode {
  const mode = parseNetwork(flags.network);
  const ips = [flags.ip, flags.ip6].filter((ip) => ip !== "").map(parseAddress);
  const mac = flags["mac-address"] === "" ? "" : parseMac(flags["mac-address"]);
  const aliases = flags["network-alias"];
  if (mode.kind !== "bridge") {
    // An empty value asks for a bridge as well, but names nothing of it.
    if (!BRIDGE_ONLY.some((name) => given.has(name))) return mode;
    const asked = BRIDGE_ONLY.find((name) => flags[name].length > 0);
    if (asked !== undefined && flags.network.length > 0) {
      throw usage(`--${asked} can only be set when the network mode is bridge: invalid argument`);
    }
    throw usage(
      "invalid config provided: networks and static ip/mac address can only be used with Bridge mode networking",
    );
  }
  if (mode.networks.length > 1 && (ips.length > 0 || mac !== "")) {
    const flag = flags.ip !== "" ? "ip" : flags.ip6 !== "" ? "ip6" : "mac-address";
    throw usage(`--${flag} can only be set for a single network: invalid argument`);
  }
  const networks = mode.networks.map((network) => ({
    ...network,
    ips: [...network.ips, ...ips],
    mac: mac || network.mac,
    aliases: [...network.aliases, ...aliases],
  }));
  return { kind: "bridge", networks };
}

/** The flags of `network connect`. */
export function parseConnection(flags: {
  alias: string[];
  ip: string;
  ip6: string;
  "mac-address": string;
}): Connection {
  return {
    aliases: flags.alias,
    ips: [flags.ip, flags.ip6].filter((ip) => ip !== "").map(parseAddress),
    mac: flags["mac-address"] === "" ? "" : parseMac(flags["mac-address"]),
    interfaceName: "",
  };
}

function usage(message: string): EngineError {
  return new EngineError("usage", message);
}
