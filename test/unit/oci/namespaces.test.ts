import { expect, test } from "vitest";
import { parseNamespace, parseUserNamespace } from "../../../src/oci/namespaces.ts";

test("--pid, --uts, --cgroupns", () => {
  expect(parseNamespace("pid", "")).toEqual({ kind: "private" });
  expect(parseNamespace("pid", "host")).toEqual({ kind: "host" });
  expect(parseNamespace("uts", "container:a:b")).toEqual({ kind: "container", id: "a:b" });
  expect(parseNamespace("cgroup", "ns:/proc/1/ns/cgroup")).toEqual({ kind: "ns", path: "/proc/1/ns/cgroup" });
});

test("--ipc", () => {
  expect(parseNamespace("ipc", "")).toEqual({ kind: "shareable" });
  expect(parseNamespace("ipc", "none")).toEqual({ kind: "none" });
  expect(parseNamespace("ipc", "private")).toEqual({ kind: "private" });
});

test.each([
  ["foo", "unrecognized namespace mode foo passed"],
  ["none", "unrecognized namespace mode none passed"],
  ["shareable", "unrecognized namespace mode shareable passed"],
  ["container:", "invalid config provided: namespace mode container requires a value"],
  ["ns:", "invalid config provided: namespace mode path requires a value"],
  ["pod", "cannot use pod namespace as container is not joining a pod or pod has no infra container"],
])("--pid=%s is refused", (value, message) => {
  expect(() => parseNamespace("pid", value)).toThrow(message);
});

test("--userns", () => {
  expect(parseUserNamespace("")).toEqual({ kind: "host" });
  expect(parseUserNamespace("keep-id")).toEqual({ kind: "keep-id" });
  expect(parseUserNamespace("keep-id:uid=1,gid=2")).toEqual({ kind: "keep-id", uid: 1, gid: 2 });
  expect(parseUserNamespace("keep-id:size=500")).toEqual({ kind: "keep-id", size: 500 });
  expect(parseUserNamespace("auto")).toEqual({ kind: "auto", size: 0, uidMapping: [], gidMapping: [] });
  expect(parseUserNamespace("auto:size=9,uidmapping=0:5:1,uidmapping=1:@6:1,gidmapping=0:7:1")).toEqual({
    kind: "auto",
    size: 9,
    uidMapping: ["0:5:1", "1:@6:1"],
    gidMapping: ["0:7:1"],
  });
  expect(parseUserNamespace("nomap")).toEqual({ kind: "nomap" });
  expect(parseUserNamespace("container:c")).toEqual({ kind: "container", id: "c" });
});

test.each([
  ["keep-id:uid=a", 'uid="a" is not a valid id'],
  ["keep-id:uid=1x", 'uid="1x" is not a valid id'],
  ["keep-id:foo=1", 'unknown option specified: "foo"'],
  ["foo", "unrecognized namespace mode foo passed"],
  ["pod", "cannot use pod namespace as container is not joining a pod or pod has no infra container"],
  ["keep-id:size=x", 'size="x" is not a valid id'],
  ["auto:size=x", 'strconv.ParseUint: parsing "x": invalid syntax'],
  ["auto:foo=1", 'unknown option specified: "foo"'],
])("--userns=%s is refused", (value, message) => {
  expect(() => parseUserNamespace(value)).toThrow(message);
});
