import * as fs from "node:fs";

/** A process that can't be mistaken for a later one with its pid; as in native/PROTOCOL.md. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. */
  startTime: number;
  bootId: string;
}

let bootIdOnce: string | undefined;

export function bootId(): string {
  bootIdOnce ??= fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return bootIdOnce;
}

/** Start time of a live process; undefined when it is gone or a zombie. */
function startTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // proc(5): the command in field 2 may hold anything, so count from its last ")".
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return Number(fields[19]);
}

export function identify(pid: number): ProcessIdentity | undefined {
  const start = startTime(pid);
  return start === undefined ? undefined : { pid, startTime: start, bootId: bootId() };
}

export function isAlive(identity: ProcessIdentity | null | undefined): boolean {
  if (!identity || identity.bootId !== bootId()) return false;
  return startTime(identity.pid) === identity.startTime;
}

let selfOnce: ProcessIdentity | undefined;

export function self(): ProcessIdentity {
  selfOnce ??= identify(process.pid);
  if (!selfOnce) throw new Error("/proc does not show this process");
  return selfOnce;
}
