import * as path from "node:path";
import { isErrno } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { isCorrupt, readJson, writeJsonAtomic } from "../host/files.ts";
import { isAlive, type ProcessIdentity } from "../host/process.ts";
import { containerDirectory } from "./records.ts";

/** `containers/<id>/status.json`, written by the monitor (native/PROTOCOL.md §3). */
export interface MonitorStatus {
  status: "created" | "running" | "paused" | "stopping" | "restarting" | "exited";
  monitor: ProcessIdentity | null;
  init: ProcessIdentity | null;
  startedAt: string | null;
  finishedAt: string | null;
  exitCode: number;
  signal: number;
  oomKilled: boolean;
  restartCount: number;
  stoppedByUser: boolean;
  error: { code: string; message: string } | null;
  socket: string | null;
  helpers: ProcessIdentity[];
}

/** Container states as Podman names them. */
export type ContainerState =
  | "created"
  | "initialized"
  | "running"
  | "paused"
  | "stopping"
  | "restarting"
  | "exited";

export interface ContainerStatus {
  state: ContainerState;
  /** What the monitor wrote last; undefined for a container that was never started. */
  last: MonitorStatus | undefined;
  /** The status says it runs but its monitor is gone (killed, power loss): to be cleaned up after. */
  stale: boolean;
}

/** Exit code shown for a container whose monitor was killed with it: what SIGKILL gives. */
export const KILLED = 137;

/** What stands for a status file that can't be read (power loss): a container whose monitor isn't known. */
const unreadable: MonitorStatus = {
  status: "running",
  monitor: null,
  init: null,
  startedAt: null,
  finishedAt: null,
  exitCode: KILLED,
  signal: 9,
  oomKilled: false,
  restartCount: 0,
  stoppedByUser: false,
  error: null,
  socket: null,
  helpers: [],
};

/** The truth about a container: what its monitor wrote, believed only while that monitor lives. */
export function readStatus(ctx: Context, id: string): ContainerStatus {
  return deriveStatus(readMonitorStatus(containerDirectory(ctx, id)), isAlive);
}

/** What a monitor wrote into a container's directory, wherever that is now. */
export function readMonitorStatus(directory: string): MonitorStatus | undefined {
  try {
    const status = readJson<MonitorStatus>(path.join(directory, "status.json"));
    return status === undefined || Array.isArray(status.helpers) ? status : unreadable;
  } catch (error) {
    if (isCorrupt(error)) return unreadable;
    throw error;
  }
}

/** The pure part of readStatus. As with Podman, a container whose start failed is still to be started. */
function deriveStatus(
  last: MonitorStatus | undefined,
  alive: (identity: ProcessIdentity | null) => boolean,
): ContainerStatus {
  if (!last) return { state: "created", last: undefined, stale: false };
  if (last.status === "exited") return { state: last.startedAt ? "exited" : "created", last, stale: false };
  if (!alive(last.monitor)) return { state: "exited", last: { ...last, exitCode: KILLED }, stale: true };
  return { state: last.status === "created" ? "initialized" : last.status, last, stale: false };
}

/** Gives a container that had run before back what a failed start has overwritten. */
export function writeEarlier(ctx: Context, id: string, earlier: MonitorStatus | undefined): void {
  const { state, last } = readStatus(ctx, id);
  if (!earlier || !last || state !== "created") return;
  writeJsonAtomic(path.join(containerDirectory(ctx, id), "status.json"), earlier, { durable: false });
}

/** Records the end of a container whose monitor died before it could. */
export function writeExited(ctx: Context, id: string, last: MonitorStatus): void {
  const now = new Date().toISOString();
  writeJsonAtomic(
    path.join(containerDirectory(ctx, id), "status.json"),
    {
      ...last,
      status: "exited",
      init: null,
      socket: null,
      helpers: [],
      startedAt: last.startedAt ?? now,
      finishedAt: last.finishedAt ?? now,
      exitCode: KILLED,
      signal: 9,
      error: { code: "monitor-killed", message: "the container's monitor was killed" },
    } satisfies MonitorStatus,
    { durable: false },
  );
}

const active: ReadonlySet<ContainerState> = new Set([
  "initialized",
  "running",
  "paused",
  "stopping",
  "restarting",
]);

/** Whether a monitor is there to talk to. */
export function isActive(state: ContainerState): boolean {
  return active.has(state);
}

export function signalMonitor(monitor: ProcessIdentity | null, signal: NodeJS.Signals): void {
  if (!isAlive(monitor)) return;
  try {
    process.kill(monitor?.pid as number, signal);
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error;
  }
}

/** Before a monitor is asked for something: one that was stopped with SIGSTOP would answer nobody. */
export function wakeMonitor(status: MonitorStatus): void {
  signalMonitor(status.monitor, "SIGCONT");
}
