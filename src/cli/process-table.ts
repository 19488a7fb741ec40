import type { CapabilitySet, ContainerProcess, ProcessList } from "../engine/container/top.ts";
import { allCapabilities } from "../oci/capabilities.ts";
import { GoDuration } from "./template/time.ts";

/** `top`: the format descriptors of podman-top(1) and ps(1)'s AIX ones, over what /proc says. Pure. */

interface Descriptor {
  header: string;
  value: (process: ContainerProcess, list: ProcessList) => string;
}

const ticksPerSecond = 100;
const capabilities = allCapabilities(63);

const descriptors: Record<string, Descriptor> = {
  args: { header: "COMMAND", value: (p) => p.args },
  capamb: { header: "AMBIENT CAPS", value: (p) => capabilityNames(p, "CapAmb") },
  capbnd: { header: "BOUNDING CAPS", value: (p) => capabilityNames(p, "CapBnd") },
  capeff: { header: "EFFECTIVE CAPS", value: (p) => capabilityNames(p, "CapEff") },
  capinh: { header: "INHERITED CAPS", value: (p) => capabilityNames(p, "CapInh") },
  capprm: { header: "PERMITTED CAPS", value: (p) => capabilityNames(p, "CapPrm") },
  comm: { header: "COMMAND", value: (p) => p.command },
  etime: {
    header: "ELAPSED",
    value: (p, list) => duration(list.uptimeTicks - p.startTicks),
  },
  group: { header: "GROUP", value: (p, list) => groupName(p.gid, list) },
  groups: {
    header: "GROUPS",
    value: (p, list) => p.groups.map((gid) => groupName(gid, list)).join(","),
  },
  hgroup: { header: "HGROUP", value: (p) => String(p.hostGid) },
  hgroups: { header: "HGROUPS", value: (p) => p.hostGroups.join(",") },
  hpid: { header: "HPID", value: (p) => String(p.hostPid) },
  huid: { header: "HUID", value: (p) => String(p.hostUid) },
  huser: { header: "HUSER", value: (p) => String(p.hostUid) },
  label: { header: "LABEL", value: (p) => p.label || "?" },
  nice: { header: "NI", value: (p) => String(p.nice) },
  pcpu: {
    header: "%CPU",
    value: (p, list) => ((100 * p.cpuTicks) / Math.max(1, list.uptimeTicks - p.startTicks)).toFixed(3),
  },
  pgid: { header: "PGID", value: (p) => String(p.pgid) },
  pid: { header: "PID", value: (p) => String(p.pid) },
  ppid: { header: "PPID", value: (p) => String(p.ppid) },
  rgroup: { header: "RGROUP", value: (p, list) => groupName(p.realGid, list) },
  rss: { header: "RSS", value: (p) => String(Math.round(p.rss / 1024)) },
  ruser: { header: "RUSER", value: (p, list) => userName(p.realUid, list) },
  seccomp: { header: "SECCOMP", value: (p) => ["disabled", "strict", "filter"][p.seccomp] ?? "?" },
  state: { header: "STATE", value: (p) => p.state },
  stime: {
    header: "STIME",
    value: (p, list) => wholeSeconds(new Date(list.bootTime + (1000 * p.startTicks) / ticksPerSecond)),
  },
  // Podman's has no parts of a second.
  time: { header: "TIME", value: (p) => duration(p.cpuTicks - (p.cpuTicks % ticksPerSecond)) },
  tty: { header: "TTY", value: (p) => ttyName(p.tty) },
  uid: { header: "UID", value: (p) => String(p.uid) },
  user: { header: "USER", value: (p, list) => userName(p.uid, list) },
  vsz: { header: "VSZ", value: (p) => String(Math.round(p.vsz / 1024)) },
};

export const descriptorNames: readonly string[] = Object.keys(descriptors);

const codes: Record<string, string> = {
  "%C": "pcpu",
  "%G": "group",
  "%P": "ppid",
  "%U": "user",
  "%a": "args",
  "%c": "comm",
  "%g": "rgroup",
  "%n": "nice",
  "%p": "pid",
  "%r": "pgid",
  "%t": "etime",
  "%u": "ruser",
  "%x": "time",
  "%y": "tty",
  "%z": "vsz",
};

const standard = ["user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args"];

function descriptorOf(name: string): Descriptor | undefined {
  return descriptors[codes[name] ?? name];
}

/** Whether `top` shows a column of that name; it leaves anything else to the container's ps(1). */
export function isDescriptor(name: string): boolean {
  return descriptorOf(name) !== undefined;
}

/** Header and rows of columns that there are; without any the ones that `top` shows by default. */
export function processRows(list: ProcessList, wanted: readonly string[]): string[][] {
  const columns = (wanted.length > 0 ? wanted : standard).flatMap((name) => descriptorOf(name) ?? []);
  return [
    columns.map((column) => column.header),
    ...list.processes.map((process) => columns.map((column) => column.value(process, list))),
  ];
}

function userName(uid: number, list: ProcessList): string {
  return list.users.get(uid) ?? String(uid);
}

function groupName(gid: number, list: ProcessList): string {
  return list.groups.get(gid) ?? String(gid);
}

/** `2026-01-31 12:00:00 +0000 UTC` */
function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/T(.*)\.\d+Z$/, " $1 +0000 UTC");
}

/** `none`, `full`, or the names without their CAP_, sorted. */
function capabilityNames(process: ContainerProcess, set: CapabilitySet): string {
  const bits = process.capabilities[set];
  const names = capabilities
    .filter((_, number) => (bits >> BigInt(number)) & 1n)
    .map((name) => name.replace(/^CAP_/, ""))
    .sort();
  if (names.length === 0) return "none";
  return names.length === capabilities.length ? "full" : names.join(",");
}

function duration(ticks: number): string {
  return new GoDuration((ticks * 1e9) / ticksPerSecond).toString();
}

function ttyName(number: number): string {
  if (number === 0) return "?";
  const major = (number >> 8) & 0xfff;
  const minor = (number & 0xff) | ((number >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts/${(major - 136) * 256 + minor}` : `tty${minor}`;
}
