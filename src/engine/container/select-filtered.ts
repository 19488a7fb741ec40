import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findNetwork } from "../../network/networks.ts";
import { readHealth } from "../../runtime/health.ts";
import { listRecords } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { resolveImage } from "../../storage/image-lookup.ts";
import { type FilterLookups, filterContainers } from "./filter.ts";
import type { ContainerSummary } from "./list.ts";
import type { Selection } from "./select.ts";

/** Ids or names of the containers that the filters let through: of all, or of those named. */
export function filteredContainers(
  ctx: Context,
  filters: string[],
  { names, all, states }: Selection,
): string[] {
  const summaries = listRecords(ctx).map((record) => ({
    record,
    status: readStatus(ctx, record.id),
    health: readHealth(ctx, record).Status,
  }));
  const found = filterContainers(summaries, filters, filterLookups(ctx, summaries)).filter(
    ({ status }) => !all || !states || states.includes(status.state),
  );
  if (all || names.length === 0) return found.map(({ record }) => record.id);
  return names.filter((name) => found.some(({ record }) => record.name === name || record.id === name));
}

export function filterLookups(ctx: Context, all: readonly ContainerSummary[]): FilterLookups {
  return {
    all,
    networkName: (id) => (/^[0-9a-f]+$/.test(id) ? findNetwork(ctx, id)?.name : undefined),
    imageId: (name) => {
      try {
        return resolveImage(visibleImages(ctx), name)?.id;
      } catch (error) {
        if (error instanceof EngineError) return undefined; // no name of an image, but maybe a pattern
        throw error;
      }
    },
  };
}
