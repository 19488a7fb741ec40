import { describe, expect, test } from "vitest";
import {
  type HostsInput,
  hostsFile,
  type ResolvInput,
  resolvConf,
  withAddresses,
  withResolvers,
} from "../../../src/network/files.ts";

const hosts = (changes: Partial<HostsInput>) =>
  hostsFile({
    base: "127.0.0.1 localhost\n",
    addHosts: [],
    names: [],
    addresses: [],
    hostAddress: "",
    ...changes,
  }).split("\n");

describe("/etc/hosts", () => {
  test("has the host's lines and the container's own", () => {
    expect(
      hosts({
        names: ["abc", "web"],
        addresses: ["10.0.2.100"],
        hostAddress: "192.168.1.2",
        base: "1.2.3.4 a b",
      }),
    ).toEqual([
      "1.2.3.4\ta b",
      "127.0.0.1\tlocalhost",
      "::1\tlocalhost",
      "192.168.1.2\thost.containers.internal host.docker.internal",
      "10.0.2.100\tabc web",
      "",
    ]);
  });

  test("--add-host comes first, and may have several names; the host's lines stay as they are", () => {
    expect(
      hosts({
        addHosts: ["a;b:10.0.0.1", "six:::2", "gate:host-gateway"],
        base: "1.1.1.1 b c\n127.0.0.1 localhost",
        hostAddress: "192.168.1.2",
      }).slice(0, 5),
    ).toEqual(["10.0.0.1\ta b", "::2\tsix", "192.168.1.2\tgate", "1.1.1.1\tb c", "127.0.0.1\tlocalhost"]);
  });
});

describe("/etc/resolv.conf", () => {
  const base =
    "search lan # home\nnameserver 127.0.0.53\nnameserver 9.9.9.9\nnameserver fd00::1\noptions ndots:2\n";
  const resolv = (changes: Partial<ResolvInput>) =>
    resolvConf({
      base,
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      resolvers: [],
      onlyResolvers: false,
      search: [],
      hostNetwork: false,
      ipv6: true,
      ...changes,
    });

  test("leaves out what the container can't reach and asks the network's resolver first", () => {
    expect(resolv({ resolvers: ["10.0.2.3"], ipv6: false })).toMatch(
      /^nameserver 10\.0\.2\.3\nnameserver 9\.9\.9\.9\n/m,
    );
    expect(resolv({ hostNetwork: true })).toContain("nameserver 127.0.0.53\n");
  });

  test("flags replace what the host has", () => {
    expect(resolv({ dns: ["1.1.1.1"], dnsSearch: ["x.org"], dnsOptions: ["rotate"] })).toBe(
      "search x.org\nnameserver 1.1.1.1\noptions rotate\n",
    );
    expect(resolv({ dns: ["1.1.1.1"], dnsSearch: ["."] })).not.toContain("search");
  });

  test("a network with names of its own asks only its resolvers, and again", () => {
    expect(resolv({ resolvers: ["10.89.0.1"], onlyResolvers: true, search: ["dns.podman"] })).toBe(
      "search dns.podman lan # home\nnameserver 10.89.0.1\noptions ndots:2 timeout:1 attempts:5\n".replace(
        " # home",
        " # home",
      ),
    );
  });
});

test("a running container's files follow its networks", () => {
  expect(withAddresses("127.0.0.1\tlocalhost\n10.0.0.2\tbox web\n", ["box", "web"], ["10.1.0.2", ""])).toBe(
    "127.0.0.1\tlocalhost\n10.1.0.2\tbox web\n",
  );
  expect(withResolvers("search lan\nnameserver 1.1.1.1\noptions x\n", ["10.89.0.1"], ["dns.podman"])).toBe(
    "search dns.podman lan\nnameserver 10.89.0.1\noptions x\n",
  );
});
