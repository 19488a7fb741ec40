import { EngineError } from "../errors.ts";
import { isIPv4, isIPv6 } from "./ip-address.ts";

/** Addresses and networks as numbers. */

export interface Address {
  version: 4 | 6;
  value: bigint;
}

export interface Subnet {
  version: 4 | 6;
  /** Its first address. */
  base: bigint;
  bits: number;
}

const WIDTH = { 4: 32n, 6: 128n } as const;

/** Undefined for what is no address. */
export function parseIp(text: string): Address | undefined {
  if (isIPv4(text)) {
    return { version: 4, value: text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  return isIPv6(text) ? { version: 6, value: parseIpv6(text) } : undefined;
}

function parseIpv6(text: string): bigint {
  const [head = "", tail] = text.split("::");
  const groups = (part: string) =>
    part
      .split(":")
      .filter(Boolean)
      .flatMap((group) => {
        if (!group.includes(".")) return [BigInt(`0x${group}`)];
        const embedded = parseIp(group)?.value ?? 0n;
        return [embedded >> 16n, embedded & 0xffffn];
      });
  const first = groups(head);
  const last = groups(tail ?? "");
  const all = [...first, ...Array<bigint>(8 - first.length - last.length).fill(0n), ...last];
  return all.reduce((sum, group) => (sum << 16n) + group, 0n);
}

export function formatIp({ version, value }: Address): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  // The longest run of zeros, of two at least, is left out.
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}

/** `10.89.0.0/24`; bits of the host are cleared. */
export function parseSubnet(text: string): Subnet {
  const subnet = trySubnet(text);
  if (subnet) return subnet;
  throw new EngineError("bad-subnet", `invalid CIDR address: ${text}`, {
    hint: "give a network like 10.89.5.0/24 or fd00:1::/64",
  });
}

export function trySubnet(text: string): Subnet | undefined {
  const slash = text.lastIndexOf("/");
  const address = parseIp(text.slice(0, Math.max(slash, 0)));
  const bits = text.slice(slash + 1);
  if (!address || !/^\d{1,3}$/.test(bits) || BigInt(bits) > WIDTH[address.version]) return undefined;
  const host = WIDTH[address.version] - BigInt(bits);
  return { version: address.version, base: (address.value >> host) << host, bits: Number(bits) };
}

export function formatSubnet({ version, base, bits }: Subnet): string {
  return `${formatIp({ version, value: base })}/${bits}`;
}

export function lastAddress({ version, base, bits }: Subnet): Address {
  return { version, value: base + (1n << (WIDTH[version] - BigInt(bits))) - 1n };
}

export function contains(subnet: Subnet, { version, value }: Address): boolean {
  return version === subnet.version && value >= subnet.base && value <= lastAddress(subnet).value;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return (
    contains(a, { version: b.version, value: b.base }) || contains(b, { version: a.version, value: a.base })
  );
}
