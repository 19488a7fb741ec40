import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { withLock } from "../../host/lock.ts";
import { moveToTrash, removeTrees } from "../../host/staging.ts";
import { runDirectory } from "../../runtime/places.ts";
import {
  type ContainerRecord,
  containerDirectory,
  findId,
  namesOf,
  noSuchContainer,
  readRecord,
  releaseName,
} from "../../runtime/records.ts";
import { type ContainerState, isActive, readStatus } from "../../runtime/status.ts";
import { listVolumes, removeVolume } from "../../storage/volumes.ts";
import { dropContainer, endMonitor } from "./drop.ts";
import { endProcesses } from "./end-processes.ts";
import { healContainer } from "./heal.ts";
import { type StopOptions, stopContainer } from "./stop.ts";

export interface RemoveOptions {
  force?: boolean;
  /** No error when there is no such container. */
  ignore?: boolean;
  /** Seconds to wait before SIGKILL with force; undefined: the container's own. */
  timeout?: number | undefined;
  /** Remove its anonymous volumes too. */
  volumes?: boolean;
  warn?: StopOptions["warn"];
}

/** Removes a container. Returns its full id, or undefined when there was none and `ignore` is set. */
export async function removeContainer(
  ctx: Context,
  nameOrId: string,
  options: RemoveOptions,
): Promise<string | undefined> {
  const id = findId(ctx, nameOrId);
  if (id === undefined) {
    if (options.ignore) return undefined;
    throw noSuchContainer(nameOrId);
  }
  await healContainer(ctx, id);
  for (;;) {
    const record = readForRemoval(ctx, id, options.force ?? false);
    if (record === "damaged") return await removeDamaged(ctx, id);
    if (!record) return id; // a --rm container that healing or its own command has removed
    const { state } = readStatus(ctx, id);
    if (isActive(state)) {
      if (!options.force && state !== "initialized") throw runningError(id, state);
      // Outside of the lock: stopping takes as long as the container likes.
      // One that only waits for its start has nothing to end, and can't be told to.
      const timeout = state === "initialized" ? 0 : options.timeout;
      await stopContainer(ctx, record, { timeout, warn: options.warn });
    }
    const removed = await withLock(ctx, `container/${id}`, async () => {
      if (isActive(readStatus(ctx, id).state)) return false; // started again meanwhile
      const current = readRecord(ctx, id);
      if (current) {
        await dropContainer(ctx, current, { volumes: options.volumes === true || current.config.autoRemove });
      }
      return true;
    });
    if (removed) return id;
  }
}

function readForRemoval(ctx: Context, id: string, force: boolean): ContainerRecord | "damaged" | undefined {
  try {
    const record = readRecord(ctx, id);
    if (record || !fs.existsSync(containerDirectory(ctx, id))) return record;
  } catch (error) {
    if (!(force && error instanceof EngineError)) throw error;
  }
  return "damaged";
}

/** Removes a container of which only the directory is sure, as after a power loss. */
async function removeDamaged(ctx: Context, id: string): Promise<string> {
  return await withLock(ctx, `container/${id}`, async () => {
    endMonitor(containerDirectory(ctx, id));
    endProcesses(ctx, id, undefined);
    for (const { name, container, anonymous } of listVolumes(ctx)) {
      if (anonymous && container === id) await removeVolume(ctx, name);
    }
    const trash = moveToTrash(ctx, containerDirectory(ctx, id));
    for (const name of namesOf(ctx, id)) releaseName(ctx, name, id);
    fs.rmSync(runDirectory(ctx, id), { recursive: true, force: true });
    if (trash !== undefined) await removeTrees(ctx, [trash]);
    return id;
  });
}

function runningError(id: string, state: ContainerState): EngineError {
  return new EngineError(
    "container-running",
    `cannot remove container ${id} as it is ${state} - running or paused containers cannot be removed without force: container state improper`,
    { hint: "stop it first, or use --force", exitCode: 2 },
  );
}
