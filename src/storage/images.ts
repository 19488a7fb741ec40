import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { digestHex, isDigest } from "../oci/digest.ts";
import type { ImageConfig, Manifest } from "../oci/image.ts";
import { parseImageConfig, parseManifest } from "../oci/image-manifest.ts";
import { readBlob } from "./blobs.ts";
import { type ImageEntry, type ImageIndex, visibleImages } from "./image-index.ts";
import { resolveImage, unknownImage } from "./image-lookup.ts";
import type { StoredImage } from "./image-types.ts";
import { diffDirectory } from "./layers.ts";

/** Finding and reading images. Everything here is a few small files: images.json, one manifest, one config. */

/** The image that a name, digest, id or id prefix stands for; undefined where there is none. */
export function findImage(ctx: Context, nameOrId: string): StoredImage | undefined {
  const index = visibleImages(ctx);
  const id = resolveQuietly(index, nameOrId);
  if (id === undefined) return undefined;
  try {
    return readImage(ctx, id, index.images[id] as ImageEntry);
  } catch (error) {
    // Removed by another command since the index was read.
    if (!hasImage(ctx, id)) return undefined;
    throw error;
  }
}

/** A list without an image for this machine has none. */
function resolveQuietly(index: ImageIndex, nameOrId: string): string | undefined {
  try {
    return resolveImage(index, nameOrId)?.id;
  } catch (error) {
    if (error instanceof EngineError && error.code === "no-instance") return undefined;
    throw error;
  }
}

export function getImage(ctx: Context, nameOrId: string): StoredImage {
  return getResolved(ctx, nameOrId).image;
}

/** The image with the name under which it was found, as `resolveImage` gives it. */
export function getResolved(
  ctx: Context,
  nameOrId: string,
): { image: StoredImage; name: string | undefined } {
  const index = visibleImages(ctx);
  const found = resolveImage(index, nameOrId);
  if (!found) throw unknownImage(nameOrId);
  return { image: readImage(ctx, found.id, index.images[found.id] as ImageEntry), name: found.name };
}

/** The name under which an image was asked for; its first one, or its id, where that was none of its names. */
export function askedName(ctx: Context, image: StoredImage, text: string): string {
  const found = quietly(() => resolveImage(visibleImages(ctx), text.replace(/^docker:\/\//, "")));
  return (found?.id === image.id ? found.name : undefined) ?? image.names[0] ?? image.id;
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

export function hasImage(ctx: Context, id: string): boolean {
  return Object.hasOwn(visibleImages(ctx).images, id);
}

/** The image's layers for an overlay mount, topmost first. */
export function layerDirectories(ctx: Context, image: StoredImage): string[] {
  return layerKeys(image).map((key) => diffDirectory(ctx, key));
}

/** Names below `layers/` that an image needs, topmost first. */
export function layerKeys(image: Pick<StoredImage, "config" | "parents">): string[] {
  const keys = image.config.rootfs.diff_ids.map(digestHex).reverse();
  return image.parents === null ? keys : [image.parents, ...keys];
}

export function readImage(ctx: Context, id: string, entry: ImageEntry): StoredImage {
  return {
    id,
    manifestDigest: entry.manifest,
    manifest: readManifest(ctx, entry.manifest),
    config: readConfig(ctx, id),
    names: entry.names,
    nameHistory: entry.nameHistory,
    digests: entry.digests,
    storedAt: entry.storedAt,
    size: entry.size,
    parents: entry.parents,
  };
}

export function readManifest(ctx: Context, digest: string): Manifest {
  const parsed = parseManifest(readBlob(ctx, digest), digest);
  if (parsed.kind === "index")
    throw new EngineError("bad-manifest", `${digest} in the image store is an index`);
  return parsed.manifest;
}

export function readConfig(ctx: Context, id: string): ImageConfig {
  return parseImageConfig(readBlob(ctx, `sha256:${id}`), `image ${id}`);
}

/** Whether the text can only be an id or digest of an image here, never a name to pull. */
export function isImageId(text: string): boolean {
  return isDigest(text) || /^[0-9a-f]{64}$/.test(text);
}
