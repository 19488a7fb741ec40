import type { NetworkAttachment } from "./container.ts";
import { invalid } from "./invalid.ts";
import type { NetworkRecord, NetworkSubnet } from "./network.ts";
import { type Address, contains, formatIp, lastAddress, parseIp, parseSubnet } from "./subnet.ts";

/** What a container has of a network while it runs. */
export interface Lease {
  /** `10.89.0.2/24`, one a subnet. */
  addresses: { ip: string; bits: number; gateway: string }[];
  mac: string;
  interfaceName: string;
  aliases: string[];
}

/** What else a container is called on a network: as Podman its short id, and the hostname that it was given. */
export function networkAliases(
  { id, config: { hostname } }: { id: string; config: { hostname: string } },
  { aliases }: Pick<NetworkAttachment, "aliases">,
): string[] {
  return [...new Set([...aliases, id.slice(0, 12), ...(hostname ? [hostname] : [])])];
}

/** An address in each of the network's subnets: those asked for, else the first that is free. Pure. */
export function leaseAddresses(
  network: NetworkRecord,
  { ips }: Pick<NetworkAttachment, "ips">,
  used: ReadonlyMap<string, string>,
): Lease["addresses"] {
  const wanted = ips.map((ip) => ({ ip, address: parseIp(ip) as Address }));
  const subnets = network.subnets.map((one) => ({ ...one, range: parseSubnet(one.subnet) }));
  for (const { ip, address } of wanted) {
    if (!subnets.some(({ range }) => contains(range, address))) {
      throw invalid(`requested static ip ${ip} not in any subnet on network ${network.name}`);
    }
    if (subnets.some(({ gateway }) => gateway === formatIp(address))) {
      throw invalid(`IPAM error: requested ip address ${ip} is the gateway of network ${network.name}`);
    }
    const owner = used.get(formatIp(address));
    if (owner !== undefined) {
      throw invalid(`IPAM error: requested ip address ${ip} is already allocated to container ID ${owner}`);
    }
  }
  return subnets.map((subnet) => {
    const asked = wanted.find(({ address }) => contains(subnet.range, address))?.address;
    const ip = asked ? formatIp(asked) : freeAddress(subnet, used);
    return { ip, bits: subnet.range.bits, gateway: subnet.gateway ?? "" };
  });
}

function freeAddress(subnet: NetworkSubnet, used: ReadonlyMap<string, string>): string {
  const range = parseSubnet(subnet.subnet);
  const { version } = range;
  // The first address names the network, the last one of IPv4 is for all of it.
  const first = parseIp(subnet.lease_range?.start_ip ?? "")?.value ?? range.base + 1n;
  const last = lastAddress(range).value - (version === 4 ? 1n : 0n);
  const end = parseIp(subnet.lease_range?.end_ip ?? "")?.value ?? last;
  for (let value = first; value <= end && value <= last; value++) {
    const ip = formatIp({ version, value });
    if (ip !== subnet.gateway && !used.has(ip) && value !== range.base) return ip;
  }
  const text = (value: bigint) => formatIp({ version, value });
  throw invalid(`IPAM error: failed to find free IP in range: ${text(first)} - ${text(end)}`);
}

/**
 * A hardware address that goes with the IP address: who gets a dead container's address has its hardware address, too, and
 * nobody's neighbour table is wrong.
 */
export function macOf(ip: string): string {
  const value = parseIp(ip)?.value ?? 0n;
  const bytes = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn);
  return ["02", "63", ...bytes.map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** eth0, eth1, … */
export function freeInterface(taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) {
    if (!taken.has(`eth${number}`)) return `eth${number}`;
  }
}
