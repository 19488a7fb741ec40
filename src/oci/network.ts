import { EngineError } from "../errors.ts";
import { goBool } from "./go-bool.ts";
import { randomHex } from "./hash.ts";
import { invalid } from "./invalid.ts";
import {
  type Address,
  contains,
  formatIp,
  formatSubnet,
  lastAddress,
  overlaps,
  parseIp,
  parseSubnet,
  type Subnet,
  trySubnet,
} from "./subnet.ts";
import { defaultPools, freeSubnet, type SubnetPool } from "./subnet-pools.ts";

/** The networks that containers share: their records and how one is made of what is asked for. Pure. */

export interface NetworkSubnet {
  subnet: string;
  gateway?: string;
  lease_range?: { start_ip: string; end_ip: string };
}

export interface NetworkRoute {
  destination: string;
  gateway: string;
  metric?: number;
}

/** With Podman's keys, in Podman's order. */
export interface NetworkRecord {
  name: string;
  id: string;
  driver: "bridge";
  network_interface: string;
  created: string;
  subnets: NetworkSubnet[];
  routes?: NetworkRoute[];
  ipv6_enabled: boolean;
  internal: boolean;
  dns_enabled: boolean;
  network_dns_servers?: string[];
  labels?: Record<string, string>;
  options?: Record<string, string>;
  ipam_options: { driver: "host-local" | "none" };
}

export interface NetworkRequest {
  /** "" for one like its interface. */
  name: string;
  driver: string;
  subnets: string[];
  gateways: string[];
  ranges: string[];
  routes: string[];
  dnsServers: string[];
  interfaceName: string;
  ipamDriver: string;
  ipv6: boolean;
  internal: boolean;
  disableDns: boolean;
  labels: Record<string, string>;
  options: Record<string, string>;
}

/** What is there already. */
export interface NetworkSurroundings {
  networks: readonly NetworkRecord[];
  /** Of the host's interfaces and routes. */
  hostSubnets: readonly Subnet[];
  hostInterfaces: readonly string[];
  /** For networks that name no subnet. */
  pools?: readonly SubnetPool[] | undefined;
  now: string;
}

const DEFAULT_ID = "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9";

/** The network that is there without having been made. */
export function defaultNetwork(name: string, now: string, subnet = "10.88.0.0/16"): NetworkRecord {
  return {
    name,
    id: DEFAULT_ID,
    driver: "bridge",
    network_interface: "podman0",
    created: now,
    subnets: [describe(parseSubnet(subnet), undefined, undefined, false)],
    ipv6_enabled: parseSubnet(subnet).version === 6,
    internal: false,
    dns_enabled: false,
    ipam_options: { driver: "host-local" },
  };
}

/** Names that `--network` takes for something else. */
const MODES = [
  "bridge",
  "container",
  "default",
  "host",
  "none",
  "ns",
  "pasta",
  "pod",
  "private",
  "slirp4netns",
];

export function newNetwork(request: NetworkRequest, around: NetworkSurroundings): NetworkRecord {
  checkDriver(request);
  if (request.name !== "" && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(request.name)) {
    throw invalid(
      `network name ${request.name} invalid: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument`,
    );
  }
  if (MODES.includes(request.name)) {
    throw invalid(
      `cannot create network with name "${request.name}" because it conflicts with a valid network mode`,
    );
  }
  if (around.networks.some(({ name }) => name === request.name)) {
    throw new EngineError(
      "network-exists",
      `network name ${request.name} already used: network already exists`,
      {
        hint: "give another name, or --ignore",
      },
    );
  }
  const { options, bridge } = checkOptions(request.options);
  // A VLAN shares its bridge with others, and its subnet may be one that the host knows.
  const shared = options["vlan"] !== undefined;
  const network_interface = chooseInterface(bridge ?? request.interfaceName, shared, around);
  const subnets = chooseSubnets(request, shared, around);
  const ipv6 = subnets.some(({ subnet }) => parseSubnet(subnet).version === 6);
  return {
    name: request.name || network_interface,
    id: randomHex(32),
    driver: "bridge",
    network_interface,
    created: around.now,
    subnets,
    ...(request.routes.length > 0 ? { routes: request.routes.map(parseRoute) } : {}),
    ipv6_enabled: request.ipv6 || ipv6,
    internal: request.internal,
    dns_enabled: !request.disableDns && request.ipamDriver !== "none",
    ...(request.dnsServers.length > 0 ? { network_dns_servers: request.dnsServers.map(checkServer) } : {}),
    ...(Object.keys(request.labels).length > 0 ? { labels: sorted(request.labels) } : {}),
    ...(Object.keys(options).length > 0 ? { options: sorted(options) } : {}),
    ipam_options: { driver: request.ipamDriver === "none" ? "none" : "host-local" },
  };
}

function checkDriver({ driver, ipamDriver, disableDns, dnsServers }: NetworkRequest): void {
  if (driver === "macvlan" || driver === "ipvlan") {
    throw new EngineError("not-supported", `network driver ${driver} is not supported yet`, {
      hint: "it needs an interface of the host, which an ordinary user can't give away; use bridge",
    });
  }
  if (driver !== "bridge") throw invalid(`unsupported driver ${driver}: invalid argument`);
  if (ipamDriver !== "" && ipamDriver !== "host-local" && ipamDriver !== "none") {
    if (ipamDriver === "dhcp") throw invalid("ipam driver dhcp is not supported yet");
    throw invalid(`unsupported ipam driver "${ipamDriver}"`);
  }
  if (disableDns && dnsServers.length > 0)
    throw invalid("cannot set NetworkDNSServers if DNS is not enabled for the network: invalid argument");
}

export function checkServer(server: string): string {
  if (!parseIp(server)) throw invalid(`unable to parse ip ${server}`);
  return server;
}

/** The first free `podmanN`. */
function chooseInterface(
  name: string,
  shared: boolean,
  { networks, hostInterfaces }: NetworkSurroundings,
): string {
  const taken = new Set([...networks.map((network) => network.network_interface), "podman0"]);
  if (name !== "") {
    if (taken.has(name) && !shared) throw invalid(`bridge name ${name} already in use`);
    if (!/^[^\s/:]{1,15}$/.test(name)) throw invalid(`network interface name ${name} invalid`);
    return name;
  }
  for (const host of hostInterfaces) taken.add(host);
  const names = new Set(networks.map((network) => network.name));
  for (let number = 1; ; number++) {
    const candidate = `podman${number}`;
    if (!taken.has(candidate) && !names.has(candidate)) return candidate;
  }
}

function chooseSubnets(
  request: NetworkRequest,
  shared: boolean,
  around: NetworkSurroundings,
): NetworkSubnet[] {
  const { gateways, ranges, ipamDriver } = request;
  const alone = request.internal && request.disableDns;
  if (ipamDriver === "none") {
    if (request.subnets.length > 0) throw invalid("none ipam driver is set but subnets are given");
    return [];
  }
  if (request.subnets.length === 0 && gateways.length + ranges.length > 0)
    throw invalid("cannot set gateway or range without subnet");
  if (gateways.length > request.subnets.length) throw invalid("cannot set more gateways than subnets");
  if (ranges.length > request.subnets.length) throw invalid("cannot set more ranges than subnets");
  const used = [
    ...around.hostSubnets,
    ...around.networks.flatMap(({ subnets }) => subnets.map(({ subnet }) => parseSubnet(subnet))),
  ];
  const asked = request.subnets.map(parseSubnet);
  // What isn't written right is told first.
  for (const [index, range] of ranges.entries()) rangeEnds(range, asked[index] as Subnet);
  for (const [index, subnet] of asked.entries()) {
    const others = [...(shared ? [] : used), ...asked.slice(0, index)];
    if (others.some((other) => overlaps(other, subnet))) {
      const text = formatSubnet(subnet);
      throw invalid(
        `subnet ${text} is already used on the host or by another config`,
        "choose another subnet",
      );
    }
  }
  const subnets = asked.map((subnet, index) => describe(subnet, gateways[index], ranges[index], alone));
  const has = (version: 4 | 6) => asked.some((subnet) => subnet.version === version);
  if (request.ipv6 ? !has(4) : asked.length === 0) {
    subnets.push(describe(freeSubnet(around.pools ?? defaultPools, used), undefined, undefined, alone));
  }
  if (request.ipv6 && !has(6)) subnets.push(describe(freeSubnet6(used), undefined, undefined, alone));
  return subnets;
}

function describe(
  subnet: Subnet,
  gateway: string | undefined,
  range: string | undefined,
  alone: boolean,
): NetworkSubnet {
  const text = formatSubnet(subnet);
  if (gateway !== undefined && gateway !== "") {
    const address = parseIp(gateway);
    if (!address) throw invalid(`invalid string being converted to IP address: ${gateway}`);
    if (!contains(subnet, address)) throw invalid(`gateway ${gateway} not in subnet ${text}`);
  }
  const first = formatIp({ version: subnet.version, value: subnet.base + 1n });
  // As Podman: nothing leads out of an internal network, but aardvark-dns listens there.
  const own = gateway || (alone ? "" : first);
  return {
    subnet: text,
    ...(own ? { gateway: own } : {}),
    ...(range ? { lease_range: parseRange(range, subnet) } : {}),
  };
}

/** A network in CIDR form, or first and last address. */
function parseRange(text: string, subnet: Subnet): { start_ip: string; end_ip: string } {
  const ends = rangeEnds(text, subnet);
  const start_ip = formatIp(ends.start);
  const end_ip = formatIp(ends.end);
  const where = formatSubnet(subnet);
  if (!contains(subnet, ends.start)) throw invalid(`lease range start ip ${start_ip} not in subnet ${where}`);
  if (!contains(subnet, ends.end)) throw invalid(`lease range end ip ${end_ip} not in subnet ${where}`);
  return { start_ip, end_ip };
}

function rangeEnds(text: string, { version }: Subnet): { start: Address; end: Address } {
  const dash = text.indexOf("-");
  if (dash < 0) return rangeOf(parseSubnet(text), version);
  const [from, to] = [text.slice(0, dash), text.slice(dash + 1)];
  const [start, end] = [parseIp(from), parseIp(to)];
  if (!start) throw invalid(`range start ip "${from}" is not a ip address`);
  if (!end) throw invalid(`range end ip "${to}" is not a ip address`);
  return { start, end };
}

function rangeOf(range: Subnet, version: 4 | 6): { start: Address; end: Address } {
  return { start: { version, value: range.base + 1n }, end: lastAddress(range) };
}

function freeSubnet6(used: readonly Subnet[]): Subnet {
  for (;;) {
    const subnet: Subnet = { version: 6, base: BigInt(`0xfd${randomHex(7)}`) << 64n, bits: 64 };
    if (!used.some((other) => overlaps(other, subnet))) return subnet;
  }
}

/** `DESTINATION,GATEWAY[,METRIC]` */
function parseRoute(text: string): NetworkRoute {
  const [destination = "", gateway, metric, ...more] = text.split(",");
  if (gateway === undefined || more.length > 0)
    throw invalid(
      `invalid route: ${text}`,
      "give <destination in CIDR notation>,<gateway>,<route metric (optional)>",
    );
  const subnet = trySubnet(destination);
  if (!subnet) throw invalid(`invalid route destination ${destination}`);
  if (!parseIp(gateway)) throw invalid(`invalid route gateway ${gateway}`);
  if (metric !== undefined && !isUint32(metric)) throw invalid(`invalid route metric ${metric}`);
  return {
    destination: formatSubnet(subnet),
    gateway,
    ...(metric === undefined ? {} : { metric: Number(metric) }),
  };
}

function isUint32(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) < 2 ** 32;
}

/** Docker's names of options of ours. */
const DOCKER_NAMES = new Map([
  ["com.docker.network.driver.mtu", "mtu"],
  ["com.docker.network.bridge.name", "bridge"],
]);

/** What --opt says, and the name of the bridge where it is said there, in Docker's way. */
function checkOptions(given: Record<string, string>): {
  options: Record<string, string>;
  bridge: string | undefined;
} {
  const options: Record<string, string> = {};
  let bridge: string | undefined;
  for (const [name, value] of Object.entries(given)) {
    const key = DOCKER_NAMES.get(name) ?? name;
    if (key === "bridge" && key !== name) bridge = value;
    else options[key] = checkOption(key, value);
  }
  return { options, bridge };
}

function checkOption(key: string, value: string): string {
  switch (key) {
    case "mtu":
    case "vlan":
      if (key === "mtu" && value === "") return value;
      if (!/^[+-]?\d+$/.test(value)) throw invalid(`strconv.Atoi: parsing "${value}": invalid syntax`);
      if (key === "vlan" && !(Number(value) >= 0 && Number(value) <= 4094))
        throw invalid(`vlan ID ${value} must be between 0 and 4094`);
      return value;
    case "metric":
      if (!isUint32(value)) throw invalid(`strconv.ParseUint: parsing "${value}": invalid syntax`);
      return value;
    case "isolate":
    case "no_default_route":
      if (goBool(value) === undefined) throw invalid(`strconv.ParseBool: parsing "${value}": invalid syntax`);
      return String(goBool(value));
    default:
      throw invalid(
        `unsupported bridge network option ${key}`,
        "options are isolate, metric, mtu, no_default_route and vlan",
      );
  }
}

function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
