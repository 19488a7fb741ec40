import * as fs from "node:fs";
import * as path from "node:path";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { listDirectory } from "../../host/files.ts";
import { deadLocks, isLocked, withLock } from "../../host/lock.ts";
import { bootId, isAlive } from "../../host/process.ts";
import { deadStaging, reapStaging } from "../../host/staging.ts";
import { recordContainerEvent, rotateEventLog } from "../../runtime/event-log.ts";
import { runDirectories, runDirectory } from "../../runtime/places.ts";
import {
  type ContainerRecord,
  containerDirectory,
  isComplete,
  listIds,
  tryReadRecord,
} from "../../runtime/records.ts";
import { isActive, KILLED, readStatus, writeExited } from "../../runtime/status.ts";
import { reapImageLeftovers } from "../image/reap.ts";
import { dropContainer } from "./drop.ts";
import { endProcesses } from "./end-processes.ts";

/**
 * Cleans up after what was killed: every command that changes something begins with it. It costs a look at three
 * directories: staging, locks, and the run directory, which holds only containers that run or that somebody was killed
 * at; after a boot it looks at all containers once.
 */
export async function sweep(ctx: Context): Promise<void> {
  await reapImageLeftovers(ctx);
  await rotateEventLog(ctx);
  for (const id of suspects(ctx)) {
    // Who has the lock lives and is at work on it.
    if (!isLocked(ctx, `container/${id}`)) await healContainer(ctx, id);
  }
  await reapStaging(ctx, (kind) => kind === "container");
  markSwept(ctx);
}

/** Whether a sweep would find anything to do. */
export function needsSweep(ctx: Context): boolean {
  return (
    deadLocks(ctx).length > 0 ||
    deadStaging(ctx).length > 0 ||
    suspects(ctx).some((id) => !isLocked(ctx, `container/${id}`) && needsHealing(ctx, id))
  );
}

function sweptMarker(ctx: Context): string {
  return path.join(runDirectories(ctx), `.swept-${bootId()}`);
}

function markSwept(ctx: Context): void {
  if (fs.existsSync(sweptMarker(ctx)) || !fs.existsSync(ctx.graphRoot)) return;
  ensureDirectory(runDirectories(ctx));
  fs.writeFileSync(sweptMarker(ctx), "");
}

/** Those with a run directory; all where a create was killed, or on the first look after a boot. */
function suspects(ctx: Context): string[] {
  const present = listDirectory(runDirectories(ctx)).filter((name) => !name.startsWith("."));
  if (fs.existsSync(sweptMarker(ctx)) && deadStaging(ctx, ["container"]).length === 0) return present;
  return [...new Set([...listIds(ctx), ...present])];
}

/** Brings one container's state in line with the truth, and finishes the removal that was promised for it. */
export async function healContainer(ctx: Context, id: string): Promise<void> {
  if (!needsHealing(ctx, id)) return;
  await withLock(ctx, `container/${id}`, async () => {
    if (!needsHealing(ctx, id)) return; // another command was first
    const record = tryReadRecord(ctx, id);
    const { last, stale } = readStatus(ctx, id);
    endProcesses(ctx, id, record);
    if (record && stale) recordContainerEvent(ctx, record, "died", { ContainerExitCode: KILLED });
    if (record && isLeftover(ctx, record)) {
      await dropContainer(ctx, record, { volumes: true });
      return;
    }
    fs.rmSync(runDirectory(ctx, id), { recursive: true, force: true });
    if (stale && last) writeExited(ctx, id, last);
  });
}

function needsHealing(ctx: Context, id: string): boolean {
  const record = tryReadRecord(ctx, id);
  const hasRunDirectory = fs.existsSync(runDirectory(ctx, id));
  if (!record) return hasRunDirectory && !fs.existsSync(containerDirectory(ctx, id));
  const { state, last, stale } = readStatus(ctx, id);
  if (stale || isLeftover(ctx, record)) return true;
  return hasRunDirectory && !isActive(state) && !isAlive(record.creator) && !isAlive(last?.monitor);
}

/** A container that nobody will finish: its command was killed while making it, or before the --rm it owed. */
export function isLeftover(ctx: Context, record: ContainerRecord): boolean {
  if (isAlive(record.creator)) return false;
  const { state, last, stale } = readStatus(ctx, record.id);
  // One that has run was complete; that its name is lost is damage, and no reason to lose the rest.
  if (!isComplete(ctx, record) && !last) return true;
  if (!record.config.autoRemove) return false;
  if (state === "created") return record.startPending;
  return state === "exited" && (stale || !isAlive(last?.monitor));
}
