import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { moveToTrash } from "../host/staging.ts";
import { ownBlobPath } from "./blobs.ts";
import type { ArtifactEntry, ImageEntry, ImageIndex, ListEntry } from "./image-index.ts";
import { layerKeys, readImage, readManifest } from "./images.ts";
import { ownLayerDirectory } from "./layers.ts";

/** Which files of the own store belong to which image or artifact, whether they are there or in an additional one. */

/** The layers and blobs of an image. Of a damaged one, those that can be told. */
export function filesOf(ctx: Context, id: string, entry: ImageEntry): string[] {
  const files = [ownBlobPath(ctx, entry.manifest), ownBlobPath(ctx, `sha256:${id}`)];
  try {
    const image = readImage(ctx, id, entry);
    for (const { digest } of image.manifest.layers) files.push(ownBlobPath(ctx, digest));
    for (const key of layerKeys(image)) files.push(ownLayerDirectory(ctx, key));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
  return files;
}

export function neededFiles(ctx: Context, index: ImageIndex): Set<string> {
  return new Set([
    ...Object.entries(index.images).flatMap(([id, entry]) => filesOf(ctx, id, entry)),
    ...Object.values(index.artifacts ?? {}).flatMap((entry) => artifactFiles(ctx, entry)),
    ...Object.values(index.lists ?? {}).flatMap((list) => listFiles(ctx, list)),
  ]);
}

/** The blobs of a list's own artifacts. */
export function listFiles(ctx: Context, { instances }: Pick<ListEntry, "instances">): string[] {
  return instances
    .filter(({ files }) => files !== undefined)
    .flatMap(({ descriptor }) => artifactFiles(ctx, { manifest: descriptor.digest }));
}

/** The blobs of an artifact. Of a damaged one, those that can be told. */
export function artifactFiles(ctx: Context, { manifest }: Pick<ArtifactEntry, "manifest">): string[] {
  const files = [ownBlobPath(ctx, manifest)];
  try {
    const { config, layers } = readManifest(ctx, manifest);
    for (const { digest } of [config, ...layers]) files.push(ownBlobPath(ctx, digest));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
  return files;
}

/** Moves files out of the store; the result is to be removed, outside of the lock. */
export function trashUnused(
  ctx: Context,
  candidates: readonly string[],
  needed: ReadonlySet<string>,
): string[] {
  return candidates.filter((file) => !needed.has(file)).flatMap((file) => moveToTrash(ctx, file) ?? []);
}
