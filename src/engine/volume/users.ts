import type { Context } from "../../host/context.ts";
import { listRecords } from "../../runtime/records.ts";

/** Ids of the containers that use a volume. */
export function volumeUsers(ctx: Context, name: string): string[] {
  return listRecords(ctx)
    .filter(({ config }) => config.mounts.some(({ type, source }) => type === "volume" && source === name))
    .map(({ id }) => id);
}
