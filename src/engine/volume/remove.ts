import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { getVolume, listVolumes, removeVolume } from "../../storage/volumes.ts";
import { reapImageLeftovers } from "../image/reap.ts";
import { volumeUsers } from "./users.ts";

export interface RemoveVolumesOptions {
  all?: boolean;
  /** Remove the containers that use it as well. */
  force?: boolean;
  /** Seconds to wait for a running container with force. */
  timeout?: number | undefined;
}

export interface RemovedVolumes {
  removed: string[];
  errors: EngineError[];
}

/** Failures don't keep the others from being removed. */
export async function removeVolumes(
  ctx: Context,
  names: readonly string[],
  options: RemoveVolumesOptions = {},
): Promise<RemovedVolumes> {
  await reapImageLeftovers(ctx);
  const result: RemovedVolumes = { removed: [], errors: [] };
  for (const given of options.all ? listVolumes(ctx).map(({ name }) => name) : names) {
    try {
      const { name } = getVolume(ctx, given);
      if (options.force) await removeContainersOf(ctx, name, options.timeout);
      await removeVolume(ctx, name, (volume) => volumeUsers(ctx, volume));
      recordEvent(ctx, { Type: "volume", Status: "remove", Name: name });
      result.removed.push(name);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code !== "no-such-volume") result.errors.push(error);
      else if (!options.force) result.errors.push(unknownVolume(error));
    }
  }
  return result;
}

function unknownVolume({ code, message, hint }: EngineError): EngineError {
  return new EngineError(code, message, { hint, exitCode: 1 });
}

async function removeContainersOf(ctx: Context, volume: string, timeout: number | undefined): Promise<void> {
  const users = volumeUsers(ctx, volume);
  if (users.length === 0) return;
  const { removeContainer } = await import("../container/rm.ts");
  for (const id of users) await removeContainer(ctx, id, { force: true, ignore: true, timeout });
}
