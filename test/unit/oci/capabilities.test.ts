import { describe, expect, test } from "vitest";
import {
  allCapabilities,
  defaultCapabilities,
  mergeCapabilities,
  processCapabilities,
  refusedCapabilities,
} from "../../../src/oci/capabilities.ts";

const available = allCapabilities(40);
const merge = (add: string[], drop: string[]) => mergeCapabilities(defaultCapabilities, add, drop, available);

test("the kernel's last capability ends the list", () => {
  expect(available).toHaveLength(41);
  expect(available.at(-1)).toBe("CAP_CHECKPOINT_RESTORE");
  expect(allCapabilities(36).at(-1)).toBe("CAP_BLOCK_SUSPEND");
  expect(available.indexOf("CAP_SYS_ADMIN")).toBe(21);
});

describe("--cap-add and --cap-drop", () => {
  test("names in every spelling", () => {
    expect(merge(["net_raw", "CAP_SYS_PTRACE"], ["chown"])).toEqual(
      [...defaultCapabilities.filter((name) => name !== "CAP_CHOWN"), "CAP_NET_RAW", "CAP_SYS_PTRACE"].sort(),
    );
  });

  test("all", () => {
    expect(merge([], ["all"])).toEqual([]);
    expect(merge(["NET_RAW"], ["ALL"])).toEqual(["CAP_NET_RAW"]);
    expect(merge(["ALL"], ["SYS_ADMIN"])).toEqual(
      available.filter((name) => name !== "CAP_SYS_ADMIN").sort(),
    );
  });

  test("what the kernel or the caller doesn't have can't be given", () => {
    expect(mergeCapabilities([], ["BPF"], [], allCapabilities(36))).toEqual([]);
  });

  test.each([
    [["foo"], [], '"CAP_FOO": unknown capability'],
    [["all"], ["all"], "adding all caps and removing all caps not allowed"],
    [["NET_RAW"], ["cap_net_raw"], 'capability "CAP_NET_RAW" cannot be dropped and added'],
  ])("add %j and drop %j", (add, drop, message) => {
    expect(() => merge(add, drop)).toThrow(message);
  });
});

describe("a process", () => {
  const request = { add: [], drop: [], privileged: false, available, uid: 0 };

  test("of root has what is allowed, and nothing inheritable", () => {
    const sets = processCapabilities(request);
    expect(sets).toEqual({
      bounding: defaultCapabilities,
      effective: defaultCapabilities,
      permitted: defaultCapabilities,
    });
  });

  test("of another user has what was added for it", () => {
    expect(processCapabilities({ ...request, uid: 1 })).toEqual({ bounding: defaultCapabilities });
    const sets = processCapabilities({ ...request, uid: 1, add: ["SYS_ADMIN"] });
    expect(sets.bounding).toContain("CAP_CHOWN");
    expect([sets.effective, sets.inheritable, sets.permitted, sets.ambient]).toEqual(
      Array(4).fill(["CAP_SYS_ADMIN"]),
    );
  });

  test.each([
    ["", [], [], []],
    ["kill,CAP_CHOWN", [], ["CAP_CHOWN", "CAP_KILL"], []],
    ["SYS_ADMIN", [], defaultCapabilities, ["CAP_SYS_ADMIN"]],
    ["SYS_ADMIN", ["sys_admin"], ["CAP_SYS_ADMIN"], []],
  ])("whose label is %j and that has %j added", (label, add, bounding, refused) => {
    const labels = { "io.containers.capabilities": label };
    const labeled = { ...request, add, labels };
    expect(processCapabilities(labeled).effective).toEqual(bounding);
    expect(refusedCapabilities(labeled)).toEqual(refused);
    expect(refusedCapabilities({ ...labeled, privileged: true })).toEqual([]);
    expect(processCapabilities({ ...labeled, privileged: true }).effective).toHaveLength(41);
  });

  test("whose label makes no sense is refused", () => {
    const labels = { "io.containers.capabilities": "CHOWN," };
    expect(() => processCapabilities({ ...request, labels })).toThrow(
      'capabilities requested by user or image are not valid: "": "CAP_": unknown capability',
    );
  });

  test("with --privileged may have all", () => {
    expect(processCapabilities({ ...request, privileged: true }).effective).toHaveLength(41);
    expect(processCapabilities({ ...request, privileged: true, uid: 1 })).toEqual({
      bounding: [...available].sort(),
    });
  });
});
