import * as fs from "node:fs";
import * as path from "node:path";
import { removeCgroup } from "../../host/cgroup.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { listDirectory, readJson } from "../../host/files.ts";
import { withLock } from "../../host/lock.ts";
import { nativePath } from "../../host/native.ts";
import { bootId, isAlive } from "../../host/process.ts";
import { runProgram } from "../../host/spawn.ts";
import { reapImageLeftovers } from "../image/reap.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import { runDirectories, runDirectory, runtimeRoot } from "../../runtime/places.ts";
import {
  type ContainerRecord,
  containerDirectory,
  isComplete,
  listIds,
  tryReadRecord,
} from "../../runtime/records.ts";
import { isActive, readStatus, writeExited } from "../../runtime/status.ts";
import { dropContainer } from "./drop.ts";

/**
 * Cleans up after what was killed: every command that changes something begins with it. It costs one look at the run
 * directory, which holds only containers that run or whose monitor died; after a boot it looks at all containers once.
 */
export async function sweep(ctx: Context): Promise<void> {
  await reapImageLeftovers(ctx);
  for (const id of suspects(ctx)) await healContainer(ctx, id);
}

function suspects(ctx: Context): string[] {
  const marker = path.join(runDirectories(ctx), `.swept-${bootId()}`);
  if (fs.existsSync(marker)) return listDirectory(runDirectories(ctx)).filter((name) => !name.startsWith("."));
  ensureDirectory(runDirectories(ctx));
  fs.writeFileSync(marker, "");
  return [...new Set([...listIds(ctx), ...listDirectory(runDirectories(ctx)).filter((name) => !name.startsWith("."))])];
}

/** Brings one container's state in line with the truth, and finishes the removal that was promised for it. */
export async function healContainer(ctx: Context, id: string): Promise<void> {
  if (!needsHealing(ctx, id)) return;
  await withLock(ctx, `container/${id}`, async () => {
    if (!needsHealing(ctx, id)) return; // another command was first
    const record = tryReadRecord(ctx, id);
    if (!record) {
      fs.rmSync(runDirectory(ctx, id), { recursive: true, force: true });
      return;
    }
    const status = readStatus(ctx, id);
    if (status.stale && status.last) {
      endProcesses(ctx, record);
      for (const helper of status.last.helpers) {
        if (isAlive(helper)) tryKill(helper.pid);
      }
      fs.rmSync(runDirectory(ctx, id), { recursive: true, force: true });
      writeExited(ctx, id, status.last);
    }
    if (isLeftover(ctx, record)) await dropContainer(ctx, record, { volumes: true });
    else if (!isActive(readStatus(ctx, id).state)) fs.rmSync(runDirectory(ctx, id), { recursive: true, force: true });
  });
}

function needsHealing(ctx: Context, id: string): boolean {
  const record = tryReadRecord(ctx, id);
  if (!record) return fs.existsSync(runDirectory(ctx, id)) && !fs.existsSync(containerDirectory(ctx, id));
  const status = readStatus(ctx, id);
  if (status.stale) return true;
  if (isLeftover(ctx, record)) return true;
  return status.state === "exited" && fs.existsSync(runDirectory(ctx, id)) && !isAlive(status.last?.monitor);
}

/** A container that nobody will finish: its command was killed while making it, or before the --rm it owed. */
export function isLeftover(ctx: Context, record: ContainerRecord): boolean {
  if (isAlive(record.creator)) return false;
  if (!isComplete(ctx, record)) return true;
  if (!record.config.autoRemove) return false;
  const { state, last, stale } = readStatus(ctx, record.id);
  if (state === "created") return record.startPending;
  return state === "exited" && (stale || !isAlive(last?.monitor));
}

/** Kills what is left of a container whose monitor is gone: its init by identity, everything else by its cgroup. */
export function endProcesses(ctx: Context, record: ContainerRecord): void {
  const runtime = record.runtime ?? nativePath(ctx, "coracle-runtime");
  runProgram(runtime, ["--root", runtimeRoot(ctx, record), "delete", "--force", record.id]);
  const { last } = readStatus(ctx, record.id);
  if (isAlive(last?.init)) tryKill(last?.init?.pid as number);
  const spec = readJson<RuntimeSpec>(path.join(containerDirectory(ctx, record.id), "config.json"));
  const cgroup = spec?.linux?.cgroupsPath;
  if (cgroup) removeCgroup(cgroup);
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone
  }
}
