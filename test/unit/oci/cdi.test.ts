import { expect, test } from "vitest";
import { cdiParts, resolveCdiDevices } from "../../../src/oci/cdi.ts";
import { type CdiEdits, parseCdiSpec } from "../../../src/oci/cdi-spec.ts";
import { isCdiName } from "../../../src/oci/devices.ts";

const device = (name: string, containerEdits: object = { env: [`NAME=${name}`] }) => ({
  name,
  containerEdits,
});
const document = (more: object = {}) => ({
  cdiVersion: "1.1.0",
  kind: "vendor.com/class",
  devices: [device("one")],
  ...more,
});
const edits = (containerEdits: CdiEdits) => document({ containerEdits });

test.each([
  ["vendor.com/class=name", true],
  ["v/c.d=0:1", true],
  ["nvidia.com/gpu=all", true],
  ["vendor.com/class=", false],
  ["vendor.com/class=a=b", false],
  ["vendor.com/class=a,b", false],
  ["vendor.com/class=-a", false],
  ["1vendor/class=a", false],
  ["vendor./class=a", false],
  ["/dev/x/y=a", false],
  ["vendor.com/a/b=c", false],
])("is %s the name of a device: %s", (name, expected) => {
  expect(isCdiName(name)).toBe(expected);
});

test.each([
  [null, "invalid version"],
  ["text", "the document is not a mapping"],
  [document({ cdiVersion: "9.0.0" }), 'invalid version "9.0.0"'],
  [document({ kind: "class" }), 'invalid kind "class"'],
  [document({ extra: 1 }), 'unknown field "extra"'],
  [document({ devices: [] }), "no devices"],
  [document({ devices: [device("a"), device("a")] }), 'multiple device "a"'],
  [document({ devices: [device("-a")] }), 'invalid device name "-a"'],
  [document({ devices: [device("a", {})] }), 'invalid device "a", empty device edits'],
  [document({ devices: [device("a", { devices: [] })] }), 'unknown field "devices"'],
  [edits({ env: ["A"] }), 'invalid environment variable "A"'],
  [edits({ env: "A=b" as never }), "env is not a list"],
  [edits({ deviceNodes: [{ path: "" }] }), "invalid (empty) device path"],
  [edits({ deviceNodes: [{ path: "/a", type: "x" }] }), 'device "/a": invalid type "x"'],
  [edits({ deviceNodes: [{ path: "/a", permissions: "x" }] }), 'device "/a": invalid permissions "x"'],
  [edits({ deviceNodes: [{ path: "/a", major: -1 }] }), "major is not a whole number"],
  [edits({ hooks: [{ hookName: "x" as never, path: "/a" }] }), 'invalid hook name "x"'],
  [edits({ hooks: [{ hookName: "prestart", path: "" }] }), "with empty path"],
  [edits({ mounts: [{ hostPath: "", containerPath: "/a" }] }), "empty host path"],
  [{ ...edits({ additionalGids: [1] }), cdiVersion: "0.6.0" }, "must be at least v0.7.0"],
  [document({ cdiVersion: "0.4.0", devices: [device("0")] }), "must be at least v0.5.0"],
  [
    { ...edits({ mounts: [{ hostPath: "/a", containerPath: "/a", type: "bind" }] }), cdiVersion: "0.3.0" },
    "v0.4.0",
  ],
])("%j: %s", (value, reason) => {
  expect(() => parseCdiSpec(value)).toThrow(reason);
});

test("what YAML makes of words is taken as they were meant", () => {
  const spec = parseCdiSpec(
    document({ annotations: null, devices: [device("1"), { ...device("x"), name: 0 }] }),
  );
  expect(spec.devices.map(({ name }) => name)).toEqual(["1", "0"]);
  expect(spec).not.toHaveProperty("annotations");
});

test("a device brings what its file says of all, once, and the stronger directory wins", () => {
  const file = (priority: number, env: string[], names: string[]) => ({
    priority,
    spec: parseCdiSpec(document({ containerEdits: { env }, devices: names.map((name) => device(name)) })),
  });
  const files = [
    file(0, ["A=0"], ["one", "two", "twice"]),
    file(0, [], ["twice"]),
    file(1, ["A=1"], ["two"]),
  ];
  const resolve = (...names: string[]) => {
    const { edits: found, missing } = resolveCdiDevices(
      files,
      names.map((name) => `vendor.com/class=${name}`),
    );
    return { env: found.env.join(" "), missing };
  };
  expect(resolve("one", "one")).toEqual({ env: "A=0 NAME=one NAME=one", missing: [] });
  expect(resolve("two")).toEqual({ env: "A=1 NAME=two", missing: [] });
  expect(resolve("twice", "none", "one").missing).toEqual([
    "vendor.com/class=twice",
    "vendor.com/class=none",
  ]);
});

test("edits become parts of the runtime config", () => {
  const mount = { hostPath: "/h", containerPath: "/c" };
  const { edits: found } = resolveCdiDevices(
    [
      {
        priority: 0,
        spec: parseCdiSpec(
          edits({
            env: ["A=b=c"],
            mounts: [mount, { ...mount, hostPath: "/other", options: ["ro"] }],
            hooks: [
              { hookName: "poststop", path: "/a", timeout: 3 },
              { hookName: "poststop", path: "/b" },
            ],
            additionalGids: [0, 7],
            netDevices: [{ hostInterfaceName: "eth9", name: "net0" }],
            intelRdt: { closID: "x" },
          }),
        ),
      },
    ],
    ["vendor.com/class=one"],
  );
  expect(cdiParts(found)).toEqual({
    env: { A: "b=c", NAME: "one" },
    mounts: [{ destination: "/c", type: "bind", source: "/other", options: ["ro"] }],
    hooks: { poststop: [{ path: "/a", timeout: 3 }, { path: "/b" }] },
    groups: [7],
    linux: { netDevices: { eth9: { name: "net0" } }, intelRdt: { closID: "x" } },
  });
});
