import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { writeJsonAtomic } from "../../host/files.ts";
import { bindOnItself, detach, mountCounts, mountTmpfs } from "../../host/mounts.ts";
import { runNative } from "../../host/spawn.ts";
import { probeMonitor, storageDriver } from "../../storage/driver.ts";
import { getImage, layerDirectories } from "../../storage/images.ts";
import { listImages } from "./list.ts";

/*
 * Images in the caller's mount namespace, read-only. All that this takes, mount points and descriptions, is in a tmpfs
 * that is mounted there as well and vanishes with it: on the disk there is one empty directory.
 */

export interface MountedImage {
  id: string;
  digest: string;
  /** Names with tags. */
  names: string[];
  path: string;
}

function mountsDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "mounts");
}

function imagePath(ctx: Context, id: string): string {
  return path.join(mountsDirectory(ctx), id, "merged");
}

/** What is mounted here, the latest image first. */
export function mountedImages(ctx: Context): MountedImage[] {
  const counts = mountCounts();
  return listImages(ctx)
    .map(({ id, digest, names }) => ({ id, digest, names, path: imagePath(ctx, id) }))
    .filter((image) => counts.has(image.path));
}

/** Returns them as they are mounted then, each once. */
export function mountImages(ctx: Context, names: readonly string[]): MountedImage[] {
  const images = names.map((name) => getImage(ctx, name));
  return images.map((image) => {
    const target = imagePath(ctx, image.id);
    if (mountCounts().has(target)) bindOnItself(ctx, target);
    else mountLayers(ctx, path.dirname(target), layerDirectories(ctx, image));
    return { id: image.id, digest: image.manifestDigest, names: image.names, path: target };
  });
}

function mountLayers(ctx: Context, directory: string, layers: string[]): void {
  const { driver, options, program } = storageDriver(ctx);
  if (driver === "vfs") {
    throw new EngineError(
      "not-supported",
      "mounting an image with the storage driver vfs is not supported yet",
      {
        hint: "`coracle create` a container from it and mount that",
      },
    );
  }
  ensureDirectory(mountsDirectory(ctx));
  if (!mountCounts().has(mountsDirectory(ctx))) mountTmpfs(ctx, mountsDirectory(ctx));
  const [empty, target] = ["empty", "merged"].map((name) => path.join(directory, name)) as [string, string];
  for (const each of [empty, target]) ensureDirectory(each, 0o755);
  // An overlay without an upper directory needs two others.
  const rootfs = { driver, lower: [...layers, empty], target, options, ...(program ? { program } : {}) };
  writeJsonAtomic(
    path.join(directory, "monitor.json"),
    { ...probeMonitor(directory), rootfs },
    { durable: false },
  );
  runNative(ctx, "coracle-monitor", ["mount", directory]);
}

/** Takes one mount of each away; with `force` all. Returns the ids of those that were mounted. */
export function unmountImages(ctx: Context, names: readonly string[], options: { force: boolean }): string[] {
  const ids = names.map((name) => getImage(ctx, name).id);
  if (ctx.namespace === "none") return [];
  return ids.filter((id) => {
    const target = imagePath(ctx, id);
    const count = mountCounts().get(target) ?? 0;
    detach(ctx, target, options.force ? count : Math.min(count, 1));
    if (count > 0 && (count === 1 || options.force)) clear(ctx, path.dirname(target));
    return count > 0;
  });
}

/** With the last image the tmpfs goes as well. */
function clear(ctx: Context, directory: string): void {
  fs.rmSync(directory, { recursive: true, force: true });
  if (fs.readdirSync(mountsDirectory(ctx)).length === 0) detach(ctx, mountsDirectory(ctx));
}
