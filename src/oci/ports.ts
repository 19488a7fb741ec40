import type { PortMapping } from "./container.ts";
import { invalid } from "./invalid.ts";
import { isIP } from "./ip-address.ts";

type Protocol = PortMapping["protocol"];

const PROTOCOLS = ["tcp", "udp", "sctp"];

interface Range {
  start: number;
  count: number;
}

/**
 * Values of `-p`: `[[ip:]hostPort:]containerPort[/protocol]` with ranges on both sides, IPv6 in brackets. A host port
 * that isn't given is 0: the engine chooses it.
 */
export function parsePorts(values: readonly string[]): PortMapping[] {
  const mappings = new Map<string, PortMapping>();
  for (const mapping of values.flatMap(parsePort)) addMapping(mappings, mapping);
  return [...mappings.values()];
}

function addMapping(mappings: Map<string, PortMapping>, mapping: PortMapping): void {
  const { hostIp, hostPort, containerPort, protocol } = mapping;
  const key = `${hostIp}|${protocol}|${hostPort || `any-${containerPort}`}`;
  const other = mappings.get(key);
  if (other && other.containerPort !== containerPort) {
    throw invalid(`conflicting port mappings for host port ${hostPort} (protocol ${protocol})`);
  }
  mappings.set(key, mapping);
}

function parsePort(text: string): PortMapping[] {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const protocols = parseProtocols(slash < 0 ? "tcp" : text.slice(slash + 1));
  const { ip, host, container } = splitAddress(address);

  const containerRange = parseRange(container, "container");
  const hostRange = host === "" ? { start: 0, count: containerRange.count } : parseRange(host, "host");
  if (hostRange.count !== containerRange.count) {
    const lengths = `${hostRange.count} vs ${containerRange.count}`;
    throw invalid(`host and container port ranges have different lengths: ${lengths}`);
  }
  return protocols.flatMap((protocol) =>
    Array.from({ length: containerRange.count }, (_, i) => ({
      hostIp: ip,
      hostPort: hostRange.start === 0 ? 0 : hostRange.start + i,
      containerPort: containerRange.start + i,
      protocol,
    })),
  );
}

function splitAddress(address: string): { ip: string; host: string; container: string } {
  const bracketed = /^\[(.*)\](?::(.*))?$/.exec(address);
  const ip = bracketed?.[1];
  const parts = (bracketed ? (bracketed[2] ?? "") : address).split(":");
  if (ip !== undefined && parts.length !== 2) {
    throw invalid("invalid port format - must provide host and destination port if specifying an IP");
  }
  if (parts.length > 3) {
    throw invalid("invalid port format - format is [[hostIP:]hostPort:]containerPort");
  }
  const [container = "", host = "", plainIp] = parts.toReversed();
  if (plainIp === "") throw invalid("must provide a non-empty container host IP to publish");
  const hostIp = ip ?? plainIp ?? "";
  if (hostIp !== "" && !isIP(hostIp)) throw invalid(`cannot parse "${hostIp}" as an IP address`);
  return { ip: hostIp, host, container };
}

function parseProtocols(text: string): Protocol[] {
  if (text === "") throw invalid("must provide a non-empty protocol to publish");
  return text
    .toLowerCase()
    .split(",")
    .map((name) => {
      if (!PROTOCOLS.includes(name)) throw invalid(`unrecognized protocol "${name}" in port mapping`);
      return name as Protocol;
    });
}

function parseRange(text: string, side: "host" | "container"): Range {
  const [first = "", last] = text.split(/-(.*)/s);
  const start = parseNumber(first, side);
  if (last === undefined) return { start, count: 1 };
  const end = parseNumber(last, side);
  if (end <= start) {
    const order = `${end} is not higher than ${start}`;
    throw invalid(
      `parsing ${side} port: the end port of a range must be higher than the start port - ${order}`,
    );
  }
  return { start, count: end - start + 1 };
}

function parseNumber(text: string, side: "host" | "container"): number {
  if (!/^\d+$/.test(text))
    throw invalid(
      `parsing ${side} port: invalid port number: strconv.Atoi: parsing "${text}": invalid syntax`,
    );
  const port = Number(text);
  if (port < 1 || port > 65535) {
    throw invalid(`parsing ${side} port: port numbers must be between 1 and 65535 (inclusive), got ${text}`);
  }
  return port;
}

/** Values of `--expose` and keys of the image's ExposedPorts, `80`, `8000-8010/udp` → `80/tcp`, … one a port. */
export function parseExposed(values: readonly string[]): string[] {
  const ports = values.flatMap((text) => {
    const [range = "", protocol = "tcp"] = text.split("/");
    const { start, end } = exposedRange(text, range);
    const [name = "tcp"] = parseProtocols(protocol);
    return Array.from({ length: end - start + 1 }, (_, i) => `${start + i}/${name}`);
  });
  return [...new Set(ports)];
}

function exposedRange(text: string, range: string): { start: number; end: number } {
  const wrong = (reason: string) => invalid(`invalid range format for --expose: ${text}: ${reason}`);
  const numbers = range.split(/-(.*)/s).slice(0, 2);
  for (const number of numbers) {
    const problem = !/^\d+$/.test(number)
      ? "invalid syntax"
      : Number(number) > 65535
        ? "value out of range"
        : "";
    if (problem) throw wrong(`strconv.ParseUint: parsing "${number}": ${problem}`);
  }
  const [start = 0, end = start] = numbers.map(Number);
  if (start > end) throw wrong(`Invalid range specified for the Port: ${range}`);
  if (start < 1) throw invalid(`port numbers must be between 1 and 65535 (inclusive), got ${start}`);
  return { start, end };
}

/** `-P`: every exposed port that `mappings` doesn't publish already, at a host port that the engine chooses. */
export function publishExposed(exposed: readonly string[], mappings: readonly PortMapping[]): PortMapping[] {
  const published = new Set(mappings.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  return exposed
    .filter((port) => !published.has(port))
    .map((port) => {
      const [number, protocol] = port.split("/");
      return { hostIp: "", hostPort: 0, containerPort: Number(number), protocol: protocol as Protocol };
    });
}
