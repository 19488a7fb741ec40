import { EngineError } from "../errors.ts";
import { keyAndValue } from "../oci/key-value.ts";

/** slirp4netns(1) as Podman runs it. Descriptors, API socket, pid and tap name are the monitor's to add. */

export interface Slirp {
  program: string;
  args: string[];
  /** The container's address and its resolver, from --network slirp4netns:cidr=… */
  address: string;
  resolver: string;
  ipv6: boolean;
  /** It forwards the published ports itself: the container sees who connects as slirp4netns' gateway. */
  publishes: boolean;
}

const DEFAULT_CIDR = "10.0.2.0/24";

/** Makes slirp4netns' arguments of the options of `--network slirp4netns:KEY=VALUE,…`. */
export function slirp4netns(program: string | undefined, options: string[]): Slirp {
  if (!program) {
    throw new EngineError(
      "no-slirp4netns",
      "could not find slirp4netns, the network namespace can't be configured",
      {
        hint: "install it (`apt install slirp4netns`), or use --network none or --network host",
      },
    );
  }
  return { program, ...slirpArguments(options) };
}

/** The pure part. Errors as Podman's for unknown options. */
function slirpArguments(options: string[]): Omit<Slirp, "program"> {
  const settings = new Map<string, string>([
    ["allow_host_loopback", "false"],
    ["enable_ipv6", "true"],
    ["mtu", "65520"],
    ["cidr", DEFAULT_CIDR],
    ["outbound_addr", ""],
    ["outbound_addr6", ""],
    ["port_handler", "rootlesskit"],
  ]);
  for (const option of options) {
    const [key, value] = keyAndValue(option);
    if (value === undefined || !settings.has(key)) {
      throw new EngineError("bad-network", `unknown option for slirp4netns: "${option}"`, {
        hint: `options are ${[...settings.keys()].join(", ")}, as KEY=VALUE`,
      });
    }
    settings.set(key, value);
  }
  const get = (key: string) => settings.get(key) as string;
  const flag = (key: string): boolean => {
    if (get(key) !== "true" && get(key) !== "false") {
      throw new EngineError("bad-network", `invalid value of ${key} for slirp4netns: "${get(key)}"`, {
        hint: "it is true or false",
      });
    }
    return get(key) === "true";
  };
  if (!/^\d+$/.test(get("mtu")))
    throw new EngineError("bad-network", `invalid mtu "${get("mtu")}" for slirp4netns`);
  if (get("port_handler") !== "slirp4netns" && get("port_handler") !== "rootlesskit") {
    throw new EngineError("bad-network", `unknown port_handler for slirp4netns: "${get("port_handler")}"`);
  }
  const ipv6 = flag("enable_ipv6");
  const args = [
    ...(flag("allow_host_loopback") ? [] : ["--disable-host-loopback"]),
    `--mtu=${get("mtu")}`,
    "--enable-sandbox",
    "--enable-seccomp",
    ...(ipv6 ? ["--enable-ipv6"] : []),
    ...(get("cidr") === DEFAULT_CIDR ? [] : [`--cidr=${get("cidr")}`]),
    ...(get("outbound_addr") ? [`--outbound-addr=${get("outbound_addr")}`] : []),
    ...(get("outbound_addr6") ? [`--outbound-addr6=${get("outbound_addr6")}`] : []),
    "--configure",
  ];
  const base = networkBase(get("cidr"));
  // slirp4netns(1): the guest is .100, the resolver .3 of the network.
  const publishes = get("port_handler") === "slirp4netns";
  return { args, address: addToAddress(base, 100), resolver: addToAddress(base, 3), ipv6, publishes };
}

function networkBase(cidr: string): number {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const parts = match?.slice(1, 5).map(Number) ?? [];
  const bits = Number(match?.[5]);
  if (!match || parts.some((part) => part > 255) || bits < 8 || bits > 25) {
    throw new EngineError("bad-network", `invalid cidr "${cidr}" for slirp4netns`, {
      hint: "give an IPv4 network like 10.0.2.0/24",
    });
  }
  const address = parts.reduce((sum, part) => sum * 256 + part, 0);
  return address - (address % 2 ** (32 - bits));
}

function addToAddress(base: number, add: number): string {
  const value = base + add;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
