import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { detach, mountCounts } from "../../host/mounts.ts";
import { moveToTrash, removeTrees } from "../../host/staging.ts";
import { recordContainerEvent } from "../../runtime/event-log.ts";
import { runDirectory } from "../../runtime/places.ts";
import { type ContainerRecord, containerDirectory, isComplete, releaseName } from "../../runtime/records.ts";
import { readMonitorStatus, readStatus, signalMonitor } from "../../runtime/status.ts";
import { dropAnonymousVolumes, markVolumes } from "../volume/orphans.ts";
import { endProcesses } from "./end-processes.ts";
import { rootfsPath } from "./rootfs.ts";

/**
 * Takes a container that doesn't run out of the store. One rename makes it disappear; deleting its files comes after,
 * and is finished by a later command if this one is killed.
 */
export async function dropContainer(
  ctx: Context,
  record: ContainerRecord,
  options: { volumes: boolean },
): Promise<void> {
  // Its monitor may have been killed just now.
  if (readStatus(ctx, record.id).stale) endProcesses(ctx, record.id, record);
  if (options.volumes) markVolumes(ctx, record);
  const wasComplete = isComplete(ctx, record);
  const { state, last } = readStatus(ctx, record.id);
  unmountHere(ctx, record);
  const trash = moveToTrash(ctx, containerDirectory(ctx, record.id));
  releaseName(ctx, record.name, record.id);
  const ended = state === "exited" && last ? { ContainerExitCode: last.exitCode } : {};
  if (trash !== undefined && wasComplete) recordContainerEvent(ctx, record, "remove", ended);
  dropCidFile(record);
  if (trash !== undefined) endMonitor(trash);
  fs.rmSync(runDirectory(ctx, record.id), { recursive: true, force: true });
  if (options.volumes) await dropAnonymousVolumes(ctx, record);
  if (trash !== undefined && !removeSmall(trash)) await removeTrees(ctx, [trash]);
}

/** From inside `coracle unshare` it may be mounted; what it has written must not be taken for ordinary files then. */
function unmountHere(ctx: Context, record: ContainerRecord): void {
  const path = rootfsPath(ctx, record);
  const mounted = mountCounts().get(path);
  if (mounted !== undefined) detach(ctx, path, mounted);
}

/** Unless it tells of another container by now. */
function dropCidFile({ id, cidFile }: ContainerRecord): void {
  if (!cidFile) return;
  try {
    if (fs.readFileSync(cidFile, "utf8") === id) fs.rmSync(cidFile);
  } catch {
    // Gone, or in a place that is no longer ours; the container is removed all the same.
  }
}

/**
 * Kills the monitor that a container's directory tells of. One whose engine was killed may not have told when we looked
 * first. It does so before it makes anything, and ends if its directory has been moved by then; if it was faster, its
 * word is in the trash.
 */
export function endMonitor(directory: string): void {
  const status = readMonitorStatus(directory);
  // One that has ended may wait for us: the command that cleans up (--rm) is its child.
  if (status && status.status !== "exited") signalMonitor(status.monitor, "SIGKILL");
}

/** More than this is removed by the native program, which is worth a process then. */
const FEW = 200;

/** Deletes a container directory in which the container has written little, without a process for it. */
function removeSmall(directory: string): boolean {
  try {
    if (countEntries(directory, FEW) >= FEW) return false;
    fs.rmSync(directory, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

/** Entries below a directory, counted up to a limit. Fails on a directory whose name isn't UTF-8. */
function countEntries(directory: string, limit: number): number {
  let count = 0;
  const pending = [directory];
  for (let current = pending.pop(); current && count < limit; current = pending.pop()) {
    for (const entry of fs.readdirSync(current, { withFileTypes: true })) {
      count++;
      if (entry.isDirectory()) pending.push(path.join(current, entry.name));
    }
  }
  return count;
}
