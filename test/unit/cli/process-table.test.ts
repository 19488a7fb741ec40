import { expect, test } from "vitest";
import { descriptorNames, isDescriptor, processRows } from "../../../src/cli/process-table.ts";
import type { ContainerProcess, ProcessList } from "../../../src/engine/container/top.ts";

const process: ContainerProcess = {
  pid: 7,
  ppid: 1,
  hostPid: 4711,
  uid: 0,
  gid: 5,
  realUid: 1000,
  realGid: 6,
  groups: [5, 6],
  hostUid: 1000,
  hostGid: 100004,
  hostGroups: [100004, 100005],
  capabilities: { CapInh: 0n, CapPrm: 0n, CapEff: 0b100000011n, CapBnd: 2n ** 41n - 1n, CapAmb: 0n },
  seccomp: 2,
  label: "",
  command: "sleep",
  args: "sleep 1 ",
  state: "S",
  tty: (136 << 8) | 3,
  cpuTicks: 6250,
  startTicks: 1000,
  nice: 0,
  threads: 1,
  rss: 8192,
  vsz: 16384,
  pgid: 7,
  sid: 7,
};
const list: ProcessList = {
  processes: [process],
  uptimeTicks: 1000 + 6 * 60 * 100 + 1250,
  bootTime: Date.parse("2026-01-02T03:04:05Z"),
  users: new Map([[0, "root"]]),
  groups: new Map([[5, "tty"]]),
};
const value = (name: string) => processRows(list, [name])[1]?.[0];

test("a header and what ps -ef shows, without descriptors", () => {
  expect(processRows(list, [])).toEqual([
    ["USER", "PID", "PPID", "%CPU", "ELAPSED", "TTY", "TIME", "COMMAND"],
    ["root", "7", "1", "16.779", "6m12.5s", "pts/3", "1m2s", "sleep 1 "],
  ]);
});

test("names where there are some, real and effective ids", () => {
  expect(["user", "ruser", "uid", "group", "rgroup", "groups"].map(value)).toEqual([
    ...["root", "1000", "0", "tty", "6", "tty,6"],
  ]);
});

test("capabilities are sorted by name; all and none have words of their own", () => {
  expect(["capeff", "capprm", "capbnd"].map(value)).toEqual(["CHOWN,DAC_OVERRIDE,SETPCAP", "none", "full"]);
});

test("no security module, no label", () => {
  expect(value("label")).toBe("?");
});

test("descriptors are known by name and by ps(1)'s codes", () => {
  expect(descriptorNames).toEqual([...descriptorNames].sort());
  expect(["args", "%C", "%u"].every(isDescriptor)).toBe(true);
  expect(["nosuch", "-o", "aux", "toString"].some(isDescriptor)).toBe(false);
});
