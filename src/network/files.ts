import { EngineError } from "../errors.ts";
import { parseAddHost } from "../oci/hosts.ts";

/** The contents of a container's /etc/hosts and /etc/resolv.conf, as Podman writes them. Pure. */

export interface HostsInput {
  /** Text of the host's /etc/hosts, the base. */
  base: string;
  /** `name[;name…]:ip` of --add-host. */
  addHosts: string[];
  /** Names of the container itself and its address; "" where it has none of its own. */
  names: string[];
  address: string;
  /** Address under which the container reaches the host; "" where it doesn't. */
  hostAddress: string;
}

export function hostsFile(input: HostsInput): string {
  const added = input.addHosts.map((entry) => {
    const { names, ip } = parseAddHost(entry);
    if (ip === "host-gateway" && input.hostAddress === "") throw noGateway(entry);
    return { names, address: ip === "host-gateway" ? input.hostAddress : ip };
  });
  const addedNames = added.flatMap(({ names }) => names);
  const taken = new Set([...addedNames, ...input.names]);
  const lines = added.map(({ address, names }) => `${address}\t${names.join(" ")}`);
  for (const line of input.base.split("\n")) {
    const fields = line.replace(/#.*/, "").trim().split(/\s+/).filter(Boolean);
    const names = fields.slice(1).filter((name) => !taken.has(name));
    if (names.length > 0) lines.push(`${fields[0]}\t${names.join(" ")}`);
  }
  const has = (name: string) => lines.some((line) => line.split(/\s+/).slice(1).includes(name));
  if (!has("localhost")) lines.push("127.0.0.1\tlocalhost", "::1\tlocalhost");
  if (input.hostAddress !== "" && !has("host.containers.internal")) {
    lines.push(`${input.hostAddress}\thost.containers.internal host.docker.internal`);
  }
  const own = input.names.filter((name) => !addedNames.includes(name));
  if (input.address !== "" && own.length > 0) lines.push(`${input.address}\t${own.join(" ")}`);
  return `${lines.join("\n")}\n`;
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
  /** The network's own resolver, asked first; "" for none. */
  resolver: string;
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
  const own = input.dns.length > 0 ? input.dns : [...(input.resolver ? [input.resolver] : []), ...ofHost];
  const search =
    input.dnsSearch.length > 0
      ? input.dnsSearch.filter((domain) => domain !== ".")
      : (fields("search").at(-1) ?? []);
  const options = input.dnsOptions.length > 0 ? input.dnsOptions : (fields("options").at(-1) ?? []);
  const lines = [
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...own.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
