import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { listIds, listRecords } from "../../runtime/records.ts";
import { type ContainerState, readStatus } from "../../runtime/status.ts";

export interface Selection {
  /** Names and ids as given. */
  names: string[];
  all?: boolean | undefined;
  latest?: boolean | undefined;
  cidfiles?: string[] | undefined;
  /** With `all`: only those in these states. */
  states?: ContainerState[];
  /** A missing --cidfile is no error. */
  ignore?: boolean | undefined;
}

/** What a command that takes many containers is to work on: what the user named, or the ids that his flags mean. */
export function selectContainers(ctx: Context, selection: Selection): string[] {
  if (selection.all) {
    const { states } = selection;
    if (!states) return listIds(ctx);
    return listRecords(ctx).flatMap(({ id }) => (states.includes(readStatus(ctx, id).state) ? id : []));
  }
  const names = [...selection.names];
  for (const file of selection.cidfiles ?? []) {
    try {
      names.push((fs.readFileSync(file, "utf8").split("\n")[0] ?? "").trim());
    } catch (error) {
      if (!selection.ignore) {
        throw new EngineError("no-cidfile", `reading CIDFile: open ${file}: ${reasonOf(error)}`, {
          cause: error,
        });
      }
    }
  }
  if (selection.latest) names.push(latestContainer(ctx));
  return names;
}

/** The id of the container that was made last. */
export function latestContainer(ctx: Context): string {
  const records = listRecords(ctx).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  if (!records[0]) throw new EngineError("no-such-container", "no containers found: no such container");
  return records[0].id;
}

/** Runs `work` on every item, at most `limit` at once, in their order; failures are returned, not thrown. */
export async function forEach<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  limit = 16,
): Promise<PromiseSettledResult<R>[]> {
  const results = new Array<PromiseSettledResult<R>>(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = { status: "fulfilled", value: await work(items[index] as T) };
      } catch (reason) {
        results[index] = { status: "rejected", reason };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
