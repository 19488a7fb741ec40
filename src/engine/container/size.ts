import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { runNative } from "../../host/spawn.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { readImage } from "../../storage/images.ts";
import { readLayerRecord } from "../../storage/layers.ts";

/** Bytes a container has written, and of its whole root filesystem; with the keys of `ps --format json`. */
export function containerSize(ctx: Context, record: ContainerRecord): { rootFsSize: number; rwSize: number } {
  if (record.driver === "none") return { rootFsSize: 0, rwSize: 0 };
  const written = path.join(containerDirectory(ctx, record.id), record.driver === "vfs" ? "rootfs" : "upper");
  const bytes = usage(ctx, record, written);
  if (record.driver === "vfs") return { rootFsSize: bytes, rwSize: 0 };
  return { rootFsSize: bytes + imageFiles(ctx, record), rwSize: bytes };
}

function usage(ctx: Context, record: ContainerRecord, written: string): number {
  try {
    return JSON.parse(runNative(ctx, "coracle-layer", ["usage", written]).toString()).bytes;
  } catch (error) {
    if (fs.existsSync(containerDirectory(ctx, record.id))) throw error;
    return 0; // another command has removed it
  }
}

/** Bytes of the files in the layers of its image, as Podman counts them; `images` shows those of the archives. */
function imageFiles(ctx: Context, { config }: ContainerRecord): number {
  const { image } = config;
  const entry = image && visibleImages(ctx).images[image.id];
  if (!entry) return 0;
  const { diff_ids } = readImage(ctx, image.id, entry).config.rootfs;
  return diff_ids.reduce((sum, diffID) => sum + (readLayerRecord(ctx, diffID)?.size ?? 0), 0);
}
