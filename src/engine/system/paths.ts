import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { type ContainerRecord, containerDirectory, findRecord } from "../../runtime/records.ts";
import { findImage, layerKeys } from "../../storage/images.ts";
import { namesInLayers, type TreeLayer } from "../../storage/layer-directory.ts";
import { diffDirectory, readLayerRecord } from "../../storage/layers.ts";

/** The paths in an image that begin as `typed` does, directories with a `/` behind; the image isn't mounted for it. */
export function pathsInImage(ctx: Context, name: string, typed: string): string[] {
  const image = findImage(ctx, name);
  return image ? completed(imageLayers(ctx, layerKeys(image)), typed) : [];
}

/** The same in a container, without what is mounted into it. */
export function pathsInContainer(ctx: Context, name: string, typed: string): string[] {
  return completed(containerLayers(ctx, findRecord(ctx, name)), typed);
}

function containerLayers(ctx: Context, { id, config, driver, layers }: ContainerRecord): TreeLayer[] {
  const plain = (directory: string): TreeLayer => ({ directory, opaque: [] });
  const own = path.join(containerDirectory(ctx, id), driver === "vfs" ? "rootfs" : "upper");
  if (driver === "vfs") return [plain(own)];
  const below = config.rootfs === null ? imageLayers(ctx, layers) : [plain(config.rootfs)];
  return driver === "none" ? below : [plain(own), ...below];
}

function imageLayers(ctx: Context, keys: readonly string[]): TreeLayer[] {
  return keys.map((key) => ({
    directory: diffDirectory(ctx, key),
    opaque: readLayerRecord(ctx, `sha256:${key}`)?.opaque ?? [],
  }));
}

function completed(layers: readonly TreeLayer[], typed: string): string[] {
  const start = typed === "" ? "/" : typed.slice(0, typed.lastIndexOf("/") + 1);
  return namesInLayers(layers, start)
    .map((name) => start + name)
    .filter((candidate) => candidate.startsWith(typed));
}
