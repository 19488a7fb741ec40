import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { withoutValue } from "../../oci/filters.ts";
import { readImageIndex } from "../../storage/image-index.ts";
import { namedEntries } from "../../storage/image-names.ts";
import { type RemovedImage, removeMatching } from "./remove.ts";

export interface PruneImagesOptions {
  /** Also those that have a name. */
  all: boolean;
  /** Also those that another tool's containers use. */
  external?: boolean;
  /** `KEY=VALUE`, or `KEY!=VALUE`. */
  filters: readonly string[];
}

/** Removes images that no container uses, until there is none left: one may have kept another. */
export async function pruneImages(
  ctx: Context,
  { all, external = false, filters }: PruneImagesOptions,
): Promise<RemovedImage[]> {
  const wrong = filters.find((filter) => !filter.includes("="));
  if (wrong !== undefined) throw withoutValue(wrong);
  const conditions = [
    ...filters,
    ...["readonly=false", `containers=${external ? "external" : "false"}`],
    ...(all ? [] : ["dangling=true"]),
  ];
  const removed: RemovedImage[] = [];
  // What others load or make meanwhile is none of ours, else this might never end.
  const among = new Set(namedEntries(readImageIndex(ctx)).map(([id]) => id));
  for (;;) {
    const { images, errors } = await removeMatching(ctx, conditions, { among });
    // A container that uses it was made meanwhile, or it is mounted into one: then it isn't unused.
    const failure = errors.find(({ code }) => code !== "image-in-use");
    if (failure) throw failure;
    if (images.length === 0) return removed;
    removed.push(...images);
    for (const { id } of images) among.delete(id);
  }
}

/** What `--mount=type=cache` of builds keeps: builds are Buildah's, and so is the place. */
export function pruneBuildCache({ uid }: Context): void {
  const place = path.join(process.env.TMPDIR || "/var/tmp", `buildah-cache-${uid}`);
  fs.rmSync(place, { recursive: true, force: true });
}
