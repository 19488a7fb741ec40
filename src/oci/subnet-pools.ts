import { EngineError } from "../errors.ts";
import { lastAddress, overlaps, parseSubnet, type Subnet } from "./subnet.ts";

/** What networks get their subnets from where they name none: parts of `bits` each. */
export interface SubnetPool {
  base: Subnet;
  bits: number;
}

export const defaultPools: readonly SubnetPool[] = [
  { base: parseSubnet("10.89.0.0/16"), bits: 24 },
  { base: parseSubnet("10.90.0.0/15"), bits: 24 },
  { base: parseSubnet("10.92.0.0/14"), bits: 24 },
  { base: parseSubnet("10.96.0.0/11"), bits: 24 },
  { base: parseSubnet("10.128.0.0/9"), bits: 24 },
];

/** An entry of `default_subnet_pools` of containers.conf. */
export function parsePool({ base, size }: { base: string; size: number }): SubnetPool {
  const subnet = parseSubnet(base);
  if (subnet.version !== 4) throw bad(`invalid subnet pool ip "${base.split("/")[0]}"`);
  if (subnet.bits > size) throw bad(`invalid subnet pool, size is bigger than subnet "${base}"`);
  if (size > 32) throw bad("invalid subnet pool size, must be between 0-32");
  return { base: subnet, bits: size };
}

/** The first that is nobody's. */
export function freeSubnet(pools: readonly SubnetPool[], used: readonly Subnet[]): Subnet {
  for (const { base, bits } of pools) {
    const size = 1n << (32n - BigInt(bits));
    const end = lastAddress(base).value;
    for (let first = base.base; first <= end; first += size) {
      const subnet: Subnet = { version: 4, base: first, bits };
      if (!used.some((other) => overlaps(other, subnet))) return subnet;
    }
  }
  throw new EngineError("bad-argument", "could not find free subnet from subnet pools", {
    hint: "name one with --subnet",
  });
}

function bad(message: string): EngineError {
  return new EngineError("bad-argument", message, {
    hint: "correct default_subnet_pools in containers.conf",
  });
}
