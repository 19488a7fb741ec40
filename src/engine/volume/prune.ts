import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { listIds, tryReadRecord } from "../../runtime/records.ts";
import { listVolumes, removeVolume, type VolumeRecord } from "../../storage/volumes.ts";
import { reapImageLeftovers } from "../image/reap.ts";
import { filterVolumes } from "./filter.ts";
import { volumeUsers } from "./users.ts";

/** Names of the volumes that `prune` would remove: those that no container uses. */
export function unusedVolumes(ctx: Context, filters: readonly string[]): VolumeRecord[] {
  refuseUnknownUsers(ctx);
  return filterVolumes(ctx, listVolumes(ctx), filters).filter(
    ({ name }) => volumeUsers(ctx, name).length === 0,
  );
}

/** What a damaged container used may be all that is left of it. */
function refuseUnknownUsers(ctx: Context): void {
  const damaged = listIds(ctx).find((id) => !tryReadRecord(ctx, id));
  // One that another command has just removed has no directory any more.
  if (damaged === undefined || !listIds(ctx).includes(damaged)) return;
  throw new EngineError(
    "corrupt-file",
    `the record of container ${damaged} is damaged, so that its volumes aren't known`,
    {
      hint: `\`coracle rm --force ${damaged.slice(0, 12)}\` removes it`,
    },
  );
}

/** Returns the names of those removed. */
export async function pruneVolumes(ctx: Context, filters: readonly string[]): Promise<string[]> {
  const candidates = unusedVolumes(ctx, filters);
  await reapImageLeftovers(ctx);
  const removed: string[] = [];
  for (const { name } of candidates) {
    try {
      await removeVolume(ctx, name, (volume) => volumeUsers(ctx, volume));
      recordEvent(ctx, { Type: "volume", Status: "remove", Name: name });
      removed.push(name);
    } catch (error) {
      // A container that uses it was made meanwhile: then it isn't unused.
      if (!(error instanceof EngineError && error.code === "volume-in-use")) throw error;
    }
  }
  return removed;
}
