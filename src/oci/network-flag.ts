import { rephrase } from "../errors.ts";
import type { NetworkAttachment, NetworkMode } from "./container.ts";
import { invalid } from "./invalid.ts";
import { isIP } from "./ip-address.ts";
import { keyAndValue } from "./key-value.ts";
import { noPod, parseJoined } from "./namespaces.ts";

const SLIRP_OPTIONS = [
  "allow_host_loopback",
  "cidr",
  "enable_ipv6",
  "mtu",
  "outbound_addr",
  "outbound_addr6",
  "port_handler",
];

/** The network that containers are on which ask for `bridge` and name none. */
export const DEFAULT_NETWORK = "podman";

/** Values of `--network`. */
export function parseNetwork(values: readonly string[]): NetworkMode {
  const [first = "", ...more] = values;
  const mode = parseOneNetwork(first);
  if (more.length === 0) return mode;
  if (mode.kind !== "bridge") {
    const kind = mode.kind === "container" || mode.kind === "ns" ? first : mode.kind;
    throw invalid(
      `cannot set multiple networks without bridge network mode, selected mode ${kind}: invalid argument`,
    );
  }
  const networks = [...mode.networks];
  for (const value of more) {
    const name = value.split(":")[0];
    if (name === "") throw invalid("network name cannot be empty: invalid argument");
    const next = parseOneNetwork(value);
    if (next.kind !== "bridge" || name === "bridge") {
      throw invalid(
        `can only set extra network names, selected mode ${name} conflicts with bridge: invalid argument`,
      );
    }
    for (const network of next.networks) {
      if (!networks.some(({ name }) => name === network.name)) networks.push(network);
    }
  }
  return { kind: "bridge", networks };
}

function parseOneNetwork(value: string): NetworkMode {
  const [kind = "", options] = value.split(/:(.*)/s);
  if (kind === "slirp4netns") return { kind, options: slirpOptions(options ?? "") };
  if (kind === "pasta") return { kind, options: (options ?? "").split(",").filter(Boolean) };
  if (value === "" || value === "private" || value === "default") return { kind: "slirp4netns", options: [] };
  if (value === "none" || value === "host") return { kind: value };
  if (value === "pod") throw noPod();
  const joined = parseJoined(value);
  if (joined) return joined;
  if (kind === "bridge") return { kind, networks: [attachment(DEFAULT_NETWORK, options ?? "")] };
  if (kind === "") throw invalid("network name cannot be empty");
  try {
    return { kind: "bridge", networks: kind.split(",").map((name) => attachment(name, options ?? "")) };
  } catch (error) {
    throw rephrase(error, { prefix: `invalid option for network ${kind}: ` });
  }
}

function slirpOptions(text: string): string[] {
  const options = text.split(",").filter(Boolean);
  for (const option of options) {
    const [key, value] = keyAndValue(option);
    if (!SLIRP_OPTIONS.includes(key) || value === undefined) {
      throw invalid(`unknown option for slirp4netns: "${option}"`);
    }
  }
  return options;
}

/** `ip=…,ip6=…,mac=…,alias=…,interface_name=…` */
function attachment(name: string, options: string): NetworkAttachment {
  const network: NetworkAttachment = { name, aliases: [], ips: [], mac: "", interfaceName: "" };
  for (const option of options.split(",").filter(Boolean)) {
    const [key, value = ""] = keyAndValue(option);
    switch (key) {
      case "ip":
      case "ip6":
        if (!isIP(value)) throw invalid(`invalid ip address "${value}"`);
        network.ips.push(value);
        break;
      case "mac":
        network.mac = parseMac(value);
        break;
      case "alias":
        if (value === "") throw invalid("alias cannot be empty");
        network.aliases.push(value);
        break;
      case "interface_name":
        if (value === "") throw invalid("interface_name cannot be empty");
        network.interfaceName = value;
        break;
      default:
        throw invalid(`unknown bridge network option: ${key}`);
    }
  }
  return network;
}

export function parseAddress(text: string): string {
  if (!isIP(text)) throw invalid(`"${text}" is not an ip address`);
  return text;
}

export function parseMac(text: string): string {
  if (!/^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i.test(text)) {
    throw invalid(`address ${text}: invalid MAC address`);
  }
  return text.toLowerCase().replaceAll("-", ":");
}

/** Networks with a namespace that is the container's own. */
export function ownsNetwork({ kind }: { kind: string }): boolean {
  return ["none", "slirp4netns", "pasta", "bridge"].includes(kind);
}

/** Networks on which ports are published. */
export function publishesPorts({ kind }: { kind: string }): boolean {
  return ["slirp4netns", "pasta", "bridge"].includes(kind);
}
