import * as fs from "node:fs";
import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { listDirectory } from "../../host/files.ts";
import type { ProcessIdentity } from "../../host/process.ts";
import { parseGroup, parsePasswd } from "../../oci/passwd.ts";
import { findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { readInRoot } from "./root-files.ts";

/** One process of a container, read from the host's /proc; nothing of the container is executed. */
export interface ContainerProcess {
  /** In the container's pid namespace. */
  pid: number;
  ppid: number;
  hostPid: number;
  /** Ids in the container's user namespace. */
  uid: number;
  gid: number;
  realUid: number;
  realGid: number;
  groups: number[];
  /** The same on the host. */
  hostUid: number;
  hostGid: number;
  hostGroups: number[];
  /** Bits of the capability sets, by their names in /proc/PID/status: CapEff, CapPrm, … */
  capabilities: Record<CapabilitySet, bigint>;
  /** 0: none, 1: strict, 2: filter. */
  seccomp: number;
  /** Of the security module, "" without one. */
  label: string;
  command: string;
  args: string;
  state: string;
  /** Kernel tty number, 0 for none. */
  tty: number;
  /** Clock ticks (1/100 s). */
  cpuTicks: number;
  startTicks: number;
  nice: number;
  threads: number;
  /** Bytes. */
  rss: number;
  vsz: number;
  pgid: number;
  sid: number;
}

const capabilitySets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] as const;
export type CapabilitySet = (typeof capabilitySets)[number];

export interface ProcessList {
  /** In the order of their pids. */
  processes: ContainerProcess[];
  uptimeTicks: number;
  /** Milliseconds since the epoch. */
  bootTime: number;
  /** Names of the container's /etc/passwd and /etc/group by id. */
  users: ReadonlyMap<number, string>;
  groups: ReadonlyMap<number, string>;
}

/** The process that is first in a running container. */
function runningInit(ctx: Context, nameOrId: string): ProcessIdentity {
  const record = findRecord(ctx, nameOrId);
  const status = readStatus(ctx, record.id);
  const init = status.last?.init;
  if ((status.state !== "running" && status.state !== "paused") || !init) {
    throw new EngineError("container-state", "top can only be used on running containers", {
      hint: `container ${record.name} is ${status.state}; \`coracle start ${record.name}\` starts it`,
    });
  }
  return init;
}

/** What ps(1) says of its processes, with these arguments: the host's, since many a container has none. */
export async function containerPs(ctx: Context, nameOrId: string, args: string[]): Promise<string[]> {
  const { pid } = runningInit(ctx, nameOrId);
  const { config } = findRecord(ctx, nameOrId);
  const { hostPs } = await import("./host-ps.ts");
  const said = hostPs({ pid, args, ownUsers: config.userns.kind !== "host" });
  return said === undefined ? await ownPs(ctx, nameOrId, args) : lines(said);
}

function lines(text: string): string[] {
  return text.replace(/\n$/, "").split("\n").map(printable);
}

/** What the container's own says. */
async function ownPs(ctx: Context, nameOrId: string, args: string[]): Promise<string[]> {
  const { execOutput } = await import("./exec-output.ts");
  const { exitCode, stdout, stderr } = await execOutput(ctx, nameOrId, ["ps", ...args]).catch(
    (error: unknown) => {
      throw rephrase(error, { prefix: "executing ps(1) in container: ", exitCode: 125 });
    },
  );
  if (exitCode !== 0) {
    const what = `runtime failed with exit status: ${exitCode} and output: ${stderr.trim()}`;
    throw new EngineError("ps-failed", `executing ps(1) in container: ${what}`);
  }
  return lines(stdout);
}

/** The processes of a running container. */
export function containerProcesses(ctx: Context, nameOrId: string): ProcessList {
  const init = runningInit(ctx, nameOrId);
  const namespace = namespaceOf(init.pid);
  const shared = namespace === namespaceOf(process.pid);
  const processes: ContainerProcess[] = [];
  for (const name of listDirectory("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    if (shared ? !isDescendant(Number(name), init.pid) : namespaceOf(Number(name)) !== namespace) continue;
    const found = readProcess(Number(name));
    if (found) processes.push(found);
  }
  processes.sort((a, b) => a.pid - b.pid);
  // A process whose parent isn't in the container (exec sessions, init) has parent 0 there.
  const byHost = new Map(processes.map((one) => [one.hostPid, one.pid]));
  for (const one of processes) one.ppid = byHost.get(one.ppid) ?? 0;
  const root = `/proc/${init.pid}/root`;
  const uptime = Number(fs.readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return {
    processes,
    uptimeTicks: Math.round(uptime * 100),
    bootTime: Date.now() - uptime * 1000,
    users: new Map(
      parsePasswd(readOrNothing(ctx, root, "/etc/passwd")).map((entry) => [entry.uid, printable(entry.name)]),
    ),
    groups: new Map(
      parseGroup(readOrNothing(ctx, root, "/etc/group")).map((entry) => [entry.gid, printable(entry.name)]),
    ),
  };
}

/** What the container made unreadable only costs it its names. */
function readOrNothing(ctx: Context, root: string, file: string): string {
  try {
    return readInRoot(ctx, root, file);
  } catch (error) {
    if (error instanceof EngineError) return "";
    throw error;
  }
}

/** As ps(1): what a process calls itself must not reach the terminal as anything but text. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}

/** Inode number of a process's namespace, "" when it can't be read. */
export function namespaceId(pid: number, file: string): string {
  try {
    return /\[(\d+)\]/.exec(fs.readlinkSync(`/proc/${pid}/ns/${file}`))?.[1] ?? "";
  } catch {
    return "";
  }
}

function namespaceOf(pid: number): string | undefined {
  try {
    return fs.readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** With --pid host there is no namespace to go by: init and what descends from it. */
function isDescendant(pid: number, ancestor: number): boolean {
  for (let current = pid; current > 1; ) {
    if (current === ancestor) return true;
    const parent = readProcess(current)?.ppid;
    if (parent === undefined) return false;
    current = parent;
  }
  return false;
}

function readProcess(pid: number): ContainerProcess | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
    const line = (key: string) => new RegExp(`^${key}:[ \\t]*(.*)$`, "m").exec(status)?.[1] ?? "";
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const field = (number: number) => Number(fields[number - 3]);
    const innermost = (key: string) => Number(line(key).split(/\s+/).at(-1));
    const command = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    // As Podman shows it: with a space for the last zero byte, too.
    const args = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    const [realUid, uid] = line("Uid").split(/\s+/).map(Number) as [number, number];
    const [realGid, gid] = line("Gid").split(/\s+/).map(Number) as [number, number];
    const groups = line("Groups").trim().split(/\s+/).filter(Boolean).map(Number);
    return {
      pid: innermost("NSpid"),
      ppid: field(4),
      hostPid: pid,
      uid: toNamespaceId(uid, pid, "uid_map"),
      gid: toNamespaceId(gid, pid, "gid_map"),
      realUid: toNamespaceId(realUid, pid, "uid_map"),
      realGid: toNamespaceId(realGid, pid, "gid_map"),
      groups: groups.map((group) => toNamespaceId(group, pid, "gid_map")),
      hostUid: toHostId(uid, "uid_map"),
      hostGid: toHostId(gid, "gid_map"),
      hostGroups: groups.map((group) => toHostId(group, "gid_map")),
      capabilities: Object.fromEntries(
        capabilitySets.map((set) => [set, BigInt(`0x${line(set)}`)]),
      ) as Record<CapabilitySet, bigint>,
      seccomp: Number(line("Seccomp")),
      label: printable(securityLabel(pid)),
      command: printable(command),
      args: printable(args || `[${command}]`),
      state: fields[0] as string,
      tty: field(7),
      cpuTicks: field(14) + field(15),
      startTicks: field(22),
      nice: field(19),
      threads: field(20),
      vsz: field(23),
      rss: field(24) * 4096,
      pgid: innermost("NSpgid"),
      sid: innermost("NSsid"),
    };
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function securityLabel(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/attr/current`, "utf8").replace(/[\0\n]+$/, "");
  } catch {
    return "";
  }
}

/** An id as we see it, in the process's own user namespace. From another one its uid_map maps to our ids. */
function toNamespaceId(id: number, pid: number, file: "uid_map" | "gid_map"): number {
  if (fs.readlinkSync(`/proc/${pid}/ns/user`) === fs.readlinkSync("/proc/self/ns/user")) return id;
  for (const row of fs.readFileSync(`/proc/${pid}/${file}`, "utf8").trim().split("\n")) {
    const [inside, outside, size] = row.trim().split(/\s+/).map(Number) as [number, number, number];
    if (id >= outside && id < outside + size) return inside + id - outside;
  }
  return id;
}

/** An id as we see it, on the host. */
function toHostId(id: number, file: "uid_map" | "gid_map"): number {
  for (const row of fs.readFileSync(`/proc/self/${file}`, "utf8").trim().split("\n")) {
    const [inside, outside, size] = row.trim().split(/\s+/).map(Number) as [number, number, number];
    if (id >= inside && id < inside + size) return outside + id - inside;
  }
  return id;
}
