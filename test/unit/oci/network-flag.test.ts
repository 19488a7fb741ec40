import { expect, test } from "vitest";
import { parseNetwork } from "../../../src/oci/network-flag.ts";

test("--network of a container's own", () => {
  const slirp = { kind: "slirp4netns", options: [] };
  for (const value of ["", "private", "default", "slirp4netns"]) expect(parseNetwork([value])).toEqual(slirp);
  expect(parseNetwork([])).toEqual(slirp);
  expect(parseNetwork(["slirp4netns:mtu=1500,cidr=10.1.0.0/24"])).toEqual({
    kind: "slirp4netns",
    options: ["mtu=1500", "cidr=10.1.0.0/24"],
  });
  expect(parseNetwork(["pasta:-T,5000,--map-gw"])).toEqual({
    kind: "pasta",
    options: ["-T", "5000", "--map-gw"],
  });
  expect(parseNetwork(["none"])).toEqual({ kind: "none" });
  expect(parseNetwork(["host"])).toEqual({ kind: "host" });
  expect(parseNetwork(["container:c"])).toEqual({ kind: "container", id: "c" });
  expect(parseNetwork(["ns:/p"])).toEqual({ kind: "ns", path: "/p" });
});

test("--network of networks that are shared", () => {
  const plain = { aliases: [], ips: [], mac: "", interfaceName: "" };
  expect(parseNetwork(["bridge"])).toEqual({ kind: "bridge", networks: [{ ...plain, name: "podman" }] });
  expect(parseNetwork(["one,two", "two:ip=1.2.3.4", "three"])).toEqual({
    kind: "bridge",
    networks: ["one", "two", "three"].map((name) => ({ ...plain, name })),
  });
  expect(
    parseNetwork(["web:ip=10.1.0.5,ip6=fd00::5,mac=92-D0-C6-0A-29-33,alias=a,alias=b,interface_name=lan"]),
  ).toEqual({
    kind: "bridge",
    networks: [
      {
        name: "web",
        ips: ["10.1.0.5", "fd00::5"],
        mac: "92:d0:c6:0a:29:33",
        aliases: ["a", "b"],
        interfaceName: "lan",
      },
    ],
  });
});

test.each([
  [["slirp4netns:foo=1"], 'unknown option for slirp4netns: "foo=1"'],
  [["slirp4netns:mtu"], 'unknown option for slirp4netns: "mtu"'],
  [["none", "host"], "cannot set multiple networks without bridge network mode, selected mode none"],
  [["one", "host"], "can only set extra network names, selected mode host conflicts with bridge"],
  [["pod"], "cannot use pod namespace as container is not joining a pod"],
  [["ns:"], "namespace mode path requires a value"],
  [["bridge", "bridge"], "can only set extra network names, selected mode bridge conflicts with bridge"],
  [["one", ""], "network name cannot be empty: invalid argument"],
  [["bridge:ip=1.2.3"], 'invalid ip address "1.2.3"'],
  [["bridge:mac=1:2"], "invalid MAC address"],
  [["n:nosuch=1"], "invalid option for network n: unknown bridge network option: nosuch"],
  [["none:x"], "invalid option for network none: unknown bridge network option: x"],
  [[":ip=10.0.0.1"], "network name cannot be empty"],
  [["bridge:nosuch=1"], "unknown bridge network option: nosuch"],
])("--network %j is refused", (values, message) => {
  expect(() => parseNetwork(values)).toThrow(message);
});
