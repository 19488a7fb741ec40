import * as fs from "node:fs";
import * as os from "node:os";
import type { IdMapping } from "../oci/runtime-spec.ts";

/** What containers' configs depend on, read from /proc in this process's namespaces. */

export interface ProcessFacts {
  uidCount: number;
  gidCount: number;
  /** Number of the kernel's last capability. */
  lastCapability: number;
  /** Bit mask of this process's bounding set. */
  boundingSet: bigint;
  /** Hard limits by the names that `--ulimit` has for them; -1: none. */
  limits: Record<string, number>;
  /** Of the kernel: one more than the highest pid. */
  pidMax: number;
  oomScoreAdj: number;
  apparmor: boolean;
  kernel: string;
  arch: string;
}

const read = (file: string) => fs.readFileSync(file, "utf8");

/** Of this process, and so the lowest that an ordinary user can give. */
export function oomScoreAdj(): number {
  return Number(read("/proc/self/oom_score_adj"));
}

export function processFacts(): ProcessFacts {
  return {
    uidCount: mapped("uid_map"),
    gidCount: mapped("gid_map"),
    lastCapability: Number(read("/proc/sys/kernel/cap_last_cap")),
    boundingSet: BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(read("/proc/self/status"))?.[1] ?? "0"}`),
    limits: hardLimits(),
    pidMax: Number(read("/proc/sys/kernel/pid_max")),
    oomScoreAdj: oomScoreAdj(),
    apparmor: fs.existsSync("/sys/kernel/security/apparmor/profiles"),
    kernel: os.release(),
    arch: process.arch,
  };
}

/** As /proc calls them. */
const LIMITS: Record<string, string> = {
  "address space": "as",
  "core file size": "core",
  "cpu time": "cpu",
  "data size": "data",
  "file locks": "locks",
  "file size": "fsize",
  "locked memory": "memlock",
  "msgqueue size": "msgqueue",
  "nice priority": "nice",
  "open files": "nofile",
  "pending signals": "sigpending",
  processes: "nproc",
  "realtime priority": "rtprio",
  "realtime timeout": "rttime",
  "resident set": "rss",
  "stack size": "stack",
};

function hardLimits(): Record<string, number> {
  const rows = read("/proc/self/limits").matchAll(/^Max (.+?) {2,}\S+ +(\S+)/gm);
  return Object.fromEntries(
    [...rows].flatMap(([, title = "", limit]) => {
      const name = LIMITS[title];
      return name === undefined ? [] : [[name, limit === "unlimited" ? -1 : Number(limit)]];
    }),
  );
}

function mapped(file: "uid_map" | "gid_map"): number {
  return readIdMap(file).reduce((sum, { size }) => sum + size, 0);
}

/** Of this process's user namespace: containerID is an id in it, hostID one of its parent. */
export function readIdMap(file: "uid_map" | "gid_map"): IdMapping[] {
  return read(`/proc/self/${file}`)
    .trim()
    .split("\n")
    .map((row) => {
      const [containerID = 0, hostID = 0, size = 0] = row.trim().split(/\s+/).map(Number);
      return { containerID, hostID, size };
    });
}
