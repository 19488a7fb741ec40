import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { withLock } from "../../host/lock.ts";
import { findRecord, readRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { dropContainer } from "./drop.ts";
import { healContainer } from "./heal.ts";
import { stopContainer } from "./stop.ts";

export interface RemoveOptions {
  force?: boolean;
  /** No error when there is no such container. */
  ignore?: boolean;
  /** Seconds to wait before SIGKILL with force; undefined: the container's own. */
  timeout?: number | undefined;
  /** Remove its anonymous volumes too. */
  volumes?: boolean;
}

/** Removes a container. Returns its full id, or undefined when there was none and `ignore` is set. */
export async function removeContainer(
  ctx: Context,
  nameOrId: string,
  options: RemoveOptions,
): Promise<string | undefined> {
  const id = findId(ctx, nameOrId, options.ignore ?? false);
  if (id === undefined) return undefined;
  await healContainer(ctx, id);
  for (;;) {
    const record = readRecord(ctx, id);
    if (!record) return id; // a --rm container that healing or its own command has removed
    if (isActive(readStatus(ctx, id).state)) {
      if (!options.force) throw runningError(id);
      // Outside of the lock: stopping takes as long as the container likes.
      await stopContainer(ctx, record, { timeout: options.timeout });
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

function findId(ctx: Context, nameOrId: string, ignore: boolean): string | undefined {
  try {
    return findRecord(ctx, nameOrId).id;
  } catch (error) {
    if (ignore && error instanceof EngineError && error.code === "no-such-container") return undefined;
    throw error;
  }
}

function runningError(id: string): EngineError {
  return new EngineError(
    "container-running",
    `cannot remove container ${id} as it is running - running or paused containers cannot be removed without force: container state improper`,
    { hint: "stop it first, or use --force", exitCode: 2 },
  );
}
