import type { Context } from "../../host/context.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { filterForPrune } from "./filter.ts";
import { listContainers } from "./list.ts";
import { removeContainers } from "./many.ts";

const prunable = new Set(["created", "initialized", "exited"]);

/** The containers that don't run and meet the filters. */
export async function prunableContainers(
  ctx: Context,
  filters: readonly string[],
): Promise<ContainerRecord[]> {
  const { containers } = await listContainers(ctx);
  return filterForPrune(containers, filters)
    .filter(({ status }) => prunable.has(status.state))
    .map(({ record }) => record);
}

/** Removes them. Each result is an id, or why it could not be removed. */
export async function pruneContainers(ctx: Context, filters: readonly string[]) {
  const ids = (await prunableContainers(ctx, filters)).map(({ id }) => id);
  return await removeContainers(ctx, ids, { depend: false, ignore: true });
}
