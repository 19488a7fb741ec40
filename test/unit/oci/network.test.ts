import { describe, expect, test } from "vitest";
import { freeInterface, leaseAddresses, macOf, networkAliases } from "../../../src/oci/lease.ts";
import { defaultNetwork, type NetworkRequest, newNetwork } from "../../../src/oci/network.ts";
import { formatIp, formatSubnet, overlaps, parseIp, parseSubnet } from "../../../src/oci/subnet.ts";

const empty: NetworkRequest = {
  name: "n",
  driver: "bridge",
  subnets: [],
  gateways: [],
  ranges: [],
  routes: [],
  dnsServers: [],
  interfaceName: "",
  ipamDriver: "",
  ipv6: false,
  internal: false,
  disableDns: false,
  labels: {},
  options: {},
};
const nothing = { networks: [], hostSubnets: [], hostInterfaces: [], now: "2026-01-01T00:00:00Z" };
const made = (changes: Partial<NetworkRequest>, around: Partial<typeof nothing> = {}) =>
  newNetwork({ ...empty, ...changes }, { ...nothing, ...around });

describe("addresses as numbers", () => {
  test.each([
    ["10.89.0.1", "10.89.0.1"],
    ["::", "::"],
    ["fd00:0:0:1::5", "fd00:0:0:1::5"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::ffff:1.2.3.4", "::ffff:102:304"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
  ])("%s is %s", (text, expected) => {
    expect(formatIp(parseIp(text) as NonNullable<ReturnType<typeof parseIp>>)).toBe(expected);
  });

  test("subnets", () => {
    expect(formatSubnet(parseSubnet("10.7.1.9/16"))).toBe("10.7.0.0/16");
    expect(overlaps(parseSubnet("10.0.0.0/8"), parseSubnet("10.9.0.0/24"))).toBe(true);
    expect(overlaps(parseSubnet("10.8.0.0/24"), parseSubnet("10.9.0.0/24"))).toBe(false);
    expect(overlaps(parseSubnet("::/0"), parseSubnet("10.9.0.0/24"))).toBe(false);
    for (const bad of ["10.0.0.0", "10.0.0.0/33", "x/1", "::/129"]) expect(() => parseSubnet(bad)).toThrow();
  });
});

describe("a new network", () => {
  test("gets the first subnet and interface that nobody has, neither host nor networks", () => {
    const first = made({ name: "" });
    expect(first).toMatchObject({
      name: "podman1",
      network_interface: "podman1",
      subnets: [{ subnet: "10.89.0.0/24", gateway: "10.89.0.1" }],
      dns_enabled: true,
    });
    const second = newNetwork(empty, {
      ...nothing,
      networks: [first],
      hostSubnets: [parseSubnet("10.89.1.128/25")],
      hostInterfaces: ["podman2"],
    });
    expect(second).toMatchObject({ network_interface: "podman3", subnets: [{ subnet: "10.89.2.0/24" }] });
  });

  test("with --ipv6 has a unique local one, too", () => {
    const { subnets, ipv6_enabled } = made({ ipv6: true });
    expect(ipv6_enabled).toBe(true);
    expect(subnets.map(({ subnet }) => subnet)).toEqual([
      "10.89.0.0/24",
      expect.stringMatching(/^fd.*::\/64$/),
    ]);
    const asked = made({ ipv6: true, subnets: ["fd05::/64"] }).subnets;
    expect(asked.map(({ subnet }) => subnet)).toEqual(["fd05::/64", "10.89.0.0/24"]);
    expect(made({ subnets: ["fd05::/64"] }).subnets).toHaveLength(1);
  });

  test.each<[Partial<NetworkRequest>, string]>([
    [{ name: "no/good" }, "names must match"],
    [{ name: "pasta" }, "conflicts with a valid network mode"],
    [{ driver: "macvlan" }, "not supported yet"],
    [{ gateways: ["10.0.0.1"] }, "cannot set gateway or range without subnet"],
    [
      { subnets: ["10.0.0.0/24"], gateways: ["10.0.0.1", "10.0.0.2"] },
      "cannot set more gateways than subnets",
    ],
    [{ subnets: ["10.0.0.0/24"], ranges: ["10.0.0.0/25", "x"] }, "cannot set more ranges than subnets"],
    [{ subnets: ["10.0.0.0/24"], ranges: ["-10.0.0.9"] }, 'range start ip "" is not a ip address'],
    [{ subnets: ["10.0.0.0/24"], ranges: ["10.0.0.1-x"] }, 'range end ip "x" is not a ip address'],
    [{ routes: ["10.1.0.0/24"] }, "invalid route: 10.1.0.0/24"],
    [{ routes: ["10.1.0.0/24,10.0.0.1,1,2"] }, "invalid route: 10.1.0.0/24,10.0.0.1,1,2"],
    [{ routes: ["foo,10.0.0.1"] }, "invalid route destination foo"],
    [{ routes: ["10.1.0.0/24,foo"] }, "invalid route gateway foo"],
    [{ routes: ["10.1.0.0/24,10.0.0.1,-1"] }, "invalid route metric -1"],
    [{ options: { metric: "x" } }, 'strconv.ParseUint: parsing "x"'],
    [{ options: { no_default_route: "x" } }, 'strconv.ParseBool: parsing "x"'],
    [{ options: { vlan: "-1" } }, "vlan ID -1 must be between 0 and 4094"],
    [{ options: { foo: "x" } }, "unsupported bridge network option foo"],
    [{ options: { constructor: "x" } }, "unsupported bridge network option constructor"],
    [{ subnets: ["10.0.0.0/24"], gateways: ["10.0.1.1"] }, "gateway 10.0.1.1 not in subnet 10.0.0.0/24"],
    [{ subnets: ["10.0.0.0/24", "10.0.0.0/16"] }, "is already used"],
    [{ options: { vlan: "x" } }, 'strconv.Atoi: parsing "x"'],
    [{ interfaceName: "podman0" }, "already in use"],
    [{ ipamDriver: "dhcp" }, "not supported yet"],
    [{ disableDns: true, dnsServers: ["1.1.1.1"] }, "DNS is not enabled"],
  ])("%j is refused", (changes, message) => {
    expect(() => made(changes)).toThrow(message);
  });
});

describe("options of a network", () => {
  test("are told in their own words, also under Docker's names", () => {
    const options = { metric: "50", no_default_route: "1", "com.docker.network.driver.mtu": "1400" };
    expect(made({ options }).options).toEqual({ metric: "50", mtu: "1400", no_default_route: "true" });
    const named = made({ options: { "com.docker.network.bridge.name": "br7" } });
    expect(named).toMatchObject({ network_interface: "br7" });
    expect(named.options).toBeUndefined();
  });

  test("a VLAN may share its bridge and its subnet", () => {
    const first = made({ interfaceName: "br7", subnets: ["10.5.0.0/24"] });
    const same = { interfaceName: "br7", subnets: ["10.5.0.0/24"] };
    const around = { ...nothing, networks: [first] };
    expect(() => newNetwork({ ...empty, name: "m", ...same }, around)).toThrow("already in use");
    const shared = newNetwork({ ...empty, name: "m", ...same, options: { vlan: "5" } }, around);
    expect(shared).toMatchObject({ network_interface: "br7", subnets: [{ subnet: "10.5.0.0/24" }] });
  });
});

test("the default network is where containers.conf wants it", () => {
  expect(defaultNetwork("podman", "now")).toMatchObject({
    subnets: [{ subnet: "10.88.0.0/16", gateway: "10.88.0.1" }],
    ipv6_enabled: false,
  });
  const { subnets } = defaultNetwork("podman", "now", "10.99.0.0/24");
  expect(subnets).toEqual([{ subnet: "10.99.0.0/24", gateway: "10.99.0.1" }]);
});

describe("leases", () => {
  const network = made({
    subnets: ["10.5.0.0/29", "fd05::/64"],
    ranges: ["10.5.0.2-10.5.0.3"],
  });

  test("are the first free address of each subnet, or those asked for", () => {
    const ips = (wanted: string[], used: [string, string][] = []) =>
      leaseAddresses(network, { ips: wanted }, new Map(used)).map(({ ip }) => ip);
    expect(ips([])).toEqual(["10.5.0.2", "fd05::2"]);
    expect(ips([], [["10.5.0.2", "x"]])).toEqual(["10.5.0.3", "fd05::2"]);
    expect(ips(["fd05::9"])).toEqual(["10.5.0.2", "fd05::9"]);
    expect(() => ips(["10.5.0.2"], [["10.5.0.2", "abc"]])).toThrow("already allocated to container ID abc");
    expect(() => ips(["10.6.0.2"])).toThrow("not in any subnet on network n");
    expect(() => ips(["10.5.0.1"])).toThrow("requested ip address 10.5.0.1 is the gateway of network n");
    const full: [string, string][] = [
      ["10.5.0.2", "x"],
      ["10.5.0.3", "y"],
    ];
    expect(() => ips([], full)).toThrow("failed to find free IP in range: 10.5.0.2 - 10.5.0.3");
  });

  test("are found under the short id and a hostname of the user's, too", () => {
    const id = "0123456789abcdef";
    const aliases = (hostname: string) => networkAliases({ id, config: { hostname } }, { aliases: ["a"] });
    expect(aliases("web")).toEqual(["a", "0123456789ab", "web"]);
    for (const hostname of ["", "0123456789ab"]) expect(aliases(hostname)).toEqual(["a", "0123456789ab"]);
  });

  test("have a hardware address that goes with them, and the first free interface", () => {
    expect(macOf("10.89.0.2")).toBe("02:63:0a:59:00:02");
    expect(freeInterface(new Set(["eth0", "eth2"]))).toBe("eth1");
  });
});
