import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findId, listIds, listRecords, noSuchContainer } from "../../runtime/records.ts";
import { type ContainerState, readStatus } from "../../runtime/status.ts";

export interface Selection {
  /** Names and ids as given. */
  names: string[];
  all?: boolean | undefined;
  latest?: boolean | undefined;
  cidfiles?: string[] | undefined;
  /** --filter, as given: of all containers, or of those named. */
  filters?: string[] | undefined;
  /** With `all`: only those in these states. */
  states?: ContainerState[];
  /** Names that aren't there, and missing --cidfiles, are left out; else they are an error before anything is done. */
  ignore?: boolean | undefined;
}

/** What a command that takes many containers is to work on: what the user named, or the ids that the flags mean. */
export async function selectContainers(ctx: Context, selection: Selection): Promise<string[]> {
  const { filters = [], states, ignore = false } = selection;
  if (filters.length > 0) {
    // Names, networks and images, which a command for one container of a known name needs nothing of.
    const { filteredContainers } = await import("./select-filtered.ts");
    return filteredContainers(ctx, filters, selection);
  }
  if (selection.all) {
    if (!states) return listIds(ctx);
    return listRecords(ctx).flatMap(({ id }) => (states.includes(readStatus(ctx, id).state) ? id : []));
  }
  const names = [
    ...selection.names.map((name) => name.replace(/^\//, "")),
    ...(selection.cidfiles ?? []).flatMap((file) => readCidFile(file, ignore)),
    ...(selection.latest ? [latestContainer(ctx)] : []),
  ];
  return names.filter((name) => {
    if (findId(ctx, name) !== undefined) return true;
    if (ignore) return false;
    throw noSuchContainer(name);
  });
}

function readCidFile(file: string, ignore: boolean): string[] {
  try {
    return [(fs.readFileSync(file, "utf8").split("\n")[0] ?? "").trim()];
  } catch (error) {
    if (ignore) return [];
    throw new EngineError("no-cidfile", `reading CIDFile: open ${file}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** The id of the container that was made last; where there is none, `prefix` comes before the error. */
export function latestContainer(ctx: Context, prefix = ""): string {
  const records = listRecords(ctx).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  if (!records[0]) throw new EngineError("no-such-container", `${prefix}no such container`);
  return records[0].id;
}

/**
 * Runs `work` on every item, at most `limit` at once, in their order; failures are returned, not thrown. What is named twice
 * is worked on twice, but not at once.
 */
export async function forEach<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  limit = 16,
): Promise<PromiseSettledResult<R>[]> {
  const results = new Array<PromiseSettledResult<R>>(items.length);
  const latest = new Map<T, Promise<unknown>>();
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      const item = items[index] as T;
      const before = latest.get(item);
      const settled = Promise.allSettled([before ? before.then(() => work(item)) : work(item)]);
      latest.set(item, settled);
      [results[index]] = (await settled) as [PromiseSettledResult<R>];
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
