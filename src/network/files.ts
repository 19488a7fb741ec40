import { EngineError } from "../errors.ts";
import { parseAddHost } from "../oci/hosts.ts";

/** The contents of a container's /etc/hosts and /etc/resolv.conf, as Podman writes them. Pure. */

export interface HostsInput {
  /** Text of the host's /etc/hosts, the base. */
  base: string;
  /** `name[;name…]:ip` of --add-host. */
  addHosts: string[];
  /** Names of the container itself, and its own addresses. */
  names: string[];
  addresses: string[];
  /** Address under which the container reaches the host; "" where it doesn't. */
  hostAddress: string;
}

export function hostsFile(input: HostsInput): string {
  const added = input.addHosts.map((entry) => {
    const { names, ip } = parseAddHost(entry);
    if (ip === "host-gateway" && input.hostAddress === "") throw noGateway(entry);
    return { names, address: ip === "host-gateway" ? input.hostAddress : ip };
  });
  const lines = added.map(({ address, names }) => `${address}\t${names.join(" ")}`);
  for (const line of input.base.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/).filter(Boolean);
    if (names.length > 0) lines.push(`${address}\t${names.join(" ")}`);
  }
  const has = (name: string) => lines.some((line) => line.split(/\s+/).slice(1).includes(name));
  if (!has("localhost")) lines.push("127.0.0.1\tlocalhost", "::1\tlocalhost");
  if (input.hostAddress !== "" && !has("host.containers.internal")) {
    lines.push(`${input.hostAddress}\thost.containers.internal host.docker.internal`);
  }
  const own = input.names.filter((name) => !has(name));
  if (own.length > 0) for (const address of input.addresses) lines.push(`${address}\t${own.join(" ")}`);
  return `${lines.join("\n")}\n`;
}

/** aardvark-dns misses questions while it looks at who has come or gone: they are asked again soon, and often enough. */
function withPatience(options: readonly string[]): string[] {
  const has = (name: string) => options.some((option) => option.startsWith(`${name}:`));
  return [
    ...options,
    ...["timeout:1", "attempts:5"].filter((option) => !has(option.slice(0, option.indexOf(":")))),
  ];
}

function noGateway(entry: string): EngineError {
  return new EngineError(
    "no-host-gateway",
    `unable to replace "host-gateway" of host entry "${entry}": host containers internal IP address is empty`,
    { hint: "the host has no address by which the container could reach it; name one" },
  );
}

export interface ResolvInput {
  /** Text of the host's /etc/resolv.conf. */
  base: string;
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  /** The network's own resolvers, asked first. */
  resolvers: string[];
  /** They pass on to the host's what they don't know. */
  onlyResolvers: boolean;
  /** Domains of the network, before the host's. */
  search: string[];
  /** The container shares the host's network: its loopback resolvers are reachable. */
  hostNetwork: boolean;
  ipv6: boolean;
}

const loopback = /^(127\.|::1$)/;

export function resolvConf(input: ResolvInput): string {
  const fields = (keyword: string) =>
    input.base
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter((words) => words[0] === keyword)
      .map((words) => words.slice(1));
  const ofHost = fields("nameserver")
    .map((words) => words[0] ?? "")
    .filter((server) => server !== "" && (input.hostNetwork || !loopback.test(server)))
    .filter((server) => input.ipv6 || !server.includes(":"));
  const ofNetwork = [...input.resolvers, ...(input.onlyResolvers ? [] : ofHost)];
  const own = input.dns.length > 0 ? input.dns : ofNetwork;
  const search =
    input.dnsSearch.length > 0
      ? input.dnsSearch.filter((domain) => domain !== ".")
      : [...input.search, ...(fields("search").at(-1) ?? [])];
  const given = input.dnsOptions.length > 0 ? input.dnsOptions : (fields("options").at(-1) ?? []);
  const options = input.onlyResolvers ? withPatience(given) : given;
  const lines = [
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...own.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** /etc/hosts of a running container with the addresses that it has now. */
export function withAddresses(text: string, names: readonly string[], addresses: readonly string[]): string {
  const own = names.filter(Boolean).join(" ");
  const kept = text.split("\n").filter((line) => line !== "" && line.split("\t")[1] !== own);
  return [...kept, ...addresses.filter(Boolean).map((address) => `${address}\t${own}`), ""].join("\n");
}

/** /etc/resolv.conf of a running container with the resolvers that its networks have now. */
export function withResolvers(text: string, resolvers: readonly string[], search: readonly string[]): string {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("nameserver "));
  const domains = lines.flatMap((line) => (line.startsWith("search ") ? line.split(" ").slice(1) : []));
  const all = [...new Set([...search, ...domains])];
  return [
    ...(all.length > 0 ? [`search ${all.join(" ")}`] : []),
    ...resolvers.map((server) => `nameserver ${server}`),
    ...lines.filter((line) => !line.startsWith("search ")),
    "",
  ].join("\n");
}
