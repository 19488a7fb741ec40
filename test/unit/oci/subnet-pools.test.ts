import { expect, test } from "vitest";
import { formatSubnet, parseSubnet } from "../../../src/oci/subnet.ts";
import { defaultPools, freeSubnet, parsePool } from "../../../src/oci/subnet-pools.ts";

test("the first part that nobody has", () => {
  const pools = [parsePool({ base: "10.1.0.0/29", size: 30 }), parsePool({ base: "10.2.0.0/24", size: 24 })];
  const free = (...used: string[]) => formatSubnet(freeSubnet(pools, used.map(parseSubnet)));
  expect(free()).toBe("10.1.0.0/30");
  expect(free("10.1.0.0/30")).toBe("10.1.0.4/30");
  expect(free("10.1.0.0/24")).toBe("10.2.0.0/24");
  expect(() => free("10.0.0.0/8")).toThrow("could not find free subnet from subnet pools");
  expect(formatSubnet(freeSubnet(defaultPools, [parseSubnet("10.64.0.0/10")]))).toBe("10.128.0.0/24");
});

test.each([
  ["fd00::/64", 64, 'invalid subnet pool ip "fd00::"'],
  ["10.0.0.0/24", 16, 'invalid subnet pool, size is bigger than subnet "10.0.0.0/24"'],
  ["10.0.0.0/24", 33, "invalid subnet pool size, must be between 0-32"],
  ["10.0.0.0", 24, "invalid CIDR address: 10.0.0.0"],
])("%s in parts of %i is refused", (base, size, message) => {
  expect(() => parsePool({ base, size })).toThrow(message);
});
