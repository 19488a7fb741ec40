import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { volumeDataPath } from "../../storage/volumes.ts";
import { sweep } from "../container/heal.ts";
import { removeContainers } from "../container/many.ts";
import { prunableContainers } from "../container/prune.ts";
import { containerSize } from "../container/size.ts";
import { pruneImages } from "../image/prune.ts";
import { pruneNetworks } from "../network/remove.ts";
import { pruneVolumes, unusedVolumes } from "../volume/prune.ts";
import { directorySize } from "./disk-usage.ts";

export interface SystemPruneOptions {
  /** All unused images, not only those without a name. */
  all: boolean;
  volumes: boolean;
  filters: readonly string[];
}

export interface SystemPruneResult {
  /** Ids. */
  containers: string[];
  volumes: string[];
  networks: string[];
  images: string[];
  errors: EngineError[];
  /** Bytes, where each image counts as a whole. */
  reclaimed: number;
}

/** Removes what nothing uses: containers first, since they use the rest. */
export async function systemPrune(ctx: Context, options: SystemPruneOptions): Promise<SystemPruneResult> {
  const result: SystemPruneResult = {
    containers: [],
    volumes: [],
    networks: [],
    images: [],
    errors: [],
    reclaimed: 0,
  };
  await containers(ctx, options, result);
  const images = await pruneImages(ctx, options);
  result.images = images.map(({ id }) => id);
  for (const { size } of images) result.reclaimed += size;
  result.networks = await pruneNetworks(ctx, options.filters);
  if (options.volumes) await volumes(ctx, options, result);
  return result;
}

async function containers(
  ctx: Context,
  { filters }: SystemPruneOptions,
  result: SystemPruneResult,
): Promise<void> {
  const records = await prunableContainers(ctx, filters);
  const sizes = new Map(records.map((record) => [record.id, containerSize(ctx, record).rwSize]));
  for (const removal of await removeContainers(ctx, [...sizes.keys()], { depend: false, ignore: true })) {
    if (removal.status === "rejected") {
      if (!(removal.reason instanceof EngineError)) throw removal.reason;
      result.errors.push(removal.reason);
    } else if (removal.value !== undefined) {
      result.containers.push(removal.value);
      result.reclaimed += sizes.get(removal.value) ?? 0;
    }
  }
}

async function volumes(
  ctx: Context,
  { filters }: SystemPruneOptions,
  result: SystemPruneResult,
): Promise<void> {
  const sizes = new Map(
    unusedVolumes(ctx, filters).map(({ name }) => [name, directorySize(ctx, volumeDataPath(ctx, name))]),
  );
  result.volumes = await pruneVolumes(ctx, filters);
  for (const name of result.volumes) result.reclaimed += sizes.get(name) ?? 0;
}

/** Clears what killed commands left, as every command that changes something does. */
export async function pruneLeftovers(ctx: Context): Promise<void> {
  await sweep(ctx);
}
