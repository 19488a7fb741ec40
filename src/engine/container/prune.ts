import type { Context } from "../../host/context.ts";
import { filterForPrune } from "./filter.ts";
import { listContainers } from "./list.ts";
import { removeContainers } from "./many.ts";

const prunable = new Set(["created", "initialized", "exited"]);

/** Removes the containers that don't run and meet the filters. Each result is an id, or why it could not be removed. */
export async function pruneContainers(ctx: Context, filters: readonly string[]) {
  const { containers } = await listContainers(ctx);
  const ids = filterForPrune(containers, filters)
    .filter(({ status }) => prunable.has(status.state))
    .map(({ record }) => record.id);
  return await removeContainers(ctx, ids, { depend: false, ignore: true });
}
