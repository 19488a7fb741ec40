import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../errors.ts";

const CGROUP2_SUPER_MAGIC = 0x63677270;
const mountPoint = "/sys/fs/cgroup";

/** Where containers' cgroups go: a path below the cgroup2 mount that we may write, or null where there is none. */
export function delegatedCgroup(): string | null {
  if (!isUnified()) return null;
  const own = ownCgroup();
  if (own === undefined) return null;
  // The highest ancestor we may write: moving a process needs write access to the common ancestor of both cgroups.
  let found: string | null = null;
  for (let current = own; ; current = path.posix.dirname(current)) {
    const directory = path.join(mountPoint, current);
    if (!writable(directory) || !writable(path.join(directory, "cgroup.procs"))) break;
    found = current;
    if (current === "/") break;
  }
  return found;
}

/** Whether there is a systemd that makes scopes for us: the user's own, or the system's for root (uid 0). */
export function hasSystemd(uid: number): boolean {
  if (!fs.existsSync("/run/systemd/system")) return false;
  const runtime = process.env.XDG_RUNTIME_DIR || `/run/user/${uid}`;
  return fs.existsSync(path.join(uid === 0 ? "/run" : runtime, "systemd/private"));
}

/** In which scopes are made: the cgroup of the user's systemd, or the root for the system's. */
export function managerCgroup(uid: number): string {
  return uid === 0 ? "/" : `/user.slice/user-${uid}.slice/user@${uid}.service`;
}

/** Whether this process is the user's systemd's to move: may be put into a scope without asking the system's. */
export function isBelowManager(uid: number): boolean {
  return uid === 0 || (ownCgroup() ?? "").startsWith(`${managerCgroup(uid)}/`);
}

/** The cgroup of the unit that a process is in, which may be further down; undefined when it isn't. */
export function scopeOf(pid: number, unit: string): string | undefined {
  try {
    const cgroup = cgroupOf(pid) ?? "";
    const end = `${cgroup}/`.indexOf(`/${unit}/`);
    return end < 0 ? undefined : cgroup.slice(0, end + 1 + unit.length);
  } catch {
    return undefined;
  }
}

/** Where the processes of a cgroup go that is split, as Podman calls it. */
const SUPERVISOR = "supervisor";

/**
 * Splits our own cgroup: what is in it moves to one below, so that containers can have others beside that. Returns the
 * cgroup that was split. Only ours to do where somebody has delegated it to us.
 */
export function splitCgroup(): string {
  const own = isUnified() ? ownCgroup() : undefined;
  if (own === undefined) throw noSplit("there is no cgroup v2 at /sys/fs/cgroup");
  if (path.posix.basename(own) === SUPERVISOR) return path.posix.dirname(own);
  const directory = path.join(mountPoint, own);
  try {
    fs.mkdirSync(path.join(directory, SUPERVISOR), { recursive: true });
    for (let pids = processesOf(directory); pids.length > 0; pids = processesOf(directory)) {
      for (const pid of pids) moveProcess(path.join(directory, SUPERVISOR), pid);
    }
  } catch (error) {
    throw noSplit(`${own}: ${reasonOf(error)}`, error);
  }
  return own;
}

function processesOf(directory: string): string[] {
  const text = fs.readFileSync(path.join(directory, "cgroup.procs"), "utf8");
  return text.split("\n").filter((pid) => pid !== "" && pid !== "0");
}

function moveProcess(directory: string, pid: string): void {
  try {
    fs.writeFileSync(path.join(directory, "cgroup.procs"), pid);
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error; // it has ended
  }
}

function noSplit(reason: string, cause?: unknown): EngineError {
  return new EngineError(
    "no-cgroup",
    `--cgroups=split: the cgroup of this process can't be split: ${reason}`,
    {
      hint: "run it in a cgroup that is delegated to you, such as a systemd unit with Delegate=yes",
      cause,
    },
  );
}

/** Where the files of a cgroup are. */
export function cgroupDirectory(cgroup: string): string {
  return path.join(mountPoint, cgroup);
}

/** Whether /sys/fs/cgroup is a pure cgroup v2 mount. */
export function isUnified(): boolean {
  try {
    return fs.statfsSync(mountPoint).type === CGROUP2_SUPER_MAGIC;
  } catch {
    return false;
  }
}

/** Controllers available in a cgroup. */
export function controllers(cgroup: string): string[] {
  try {
    return fs
      .readFileSync(path.join(mountPoint, cgroup, "cgroup.controllers"), "utf8")
      .trim()
      .split(" ")
      .filter(Boolean);
  } catch {
    return [];
  }
}

function cgroupOf(process: number | "self"): string | undefined {
  return /^0::(.*)$/m.exec(fs.readFileSync(`/proc/${process}/cgroup`, "utf8"))?.[1];
}

function ownCgroup(): string | undefined {
  const own = cgroupOf("self");
  return own === undefined || own.startsWith("/..") ? undefined : own;
}

function writable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Kills whatever is left in a cgroup and removes it with what is below. Quiet when it is gone. */
export function removeCgroup(cgroup: string): void {
  const directory = path.join(mountPoint, cgroup);
  try {
    fs.writeFileSync(path.join(directory, "cgroup.kill"), "1");
  } catch {
    // gone, or a kernel before 5.14: its processes were killed by pid
  }
  const remove = (current: string): void => {
    let entries: fs.Dirent[];
    try {
      entries = fs.readdirSync(current, { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of entries) if (entry.isDirectory()) remove(path.join(current, entry.name));
    for (let attempt = 0; attempt < 50; attempt++) {
      try {
        fs.rmdirSync(current);
        return;
      } catch (error) {
        if (!isErrno(error, "EBUSY")) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2); // killed processes leave in a moment
      }
    }
  };
  remove(directory);
}
