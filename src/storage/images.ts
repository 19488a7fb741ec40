import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { digestHex, isDigest } from "../oci/digest.ts";
import type { ImageConfig, Manifest } from "../oci/image.ts";
import { parseImageConfig, parseManifest } from "../oci/image-manifest.ts";
import {
  completeReference,
  defaultRegistry,
  formatReference,
  parseReference,
  type Reference,
  repositoryName,
} from "../oci/reference.ts";
import { readBlob } from "./blobs.ts";
import { type ImageEntry, type ImageIndex, readImageIndex } from "./image-index.ts";
import type { StoredImage } from "./image-types.ts";
import { diffDirectory } from "./layers.ts";

/** Finding and reading images. Everything here is a few small files: images.json, one manifest, one config. */

/** The image that a name, digest, id or id prefix stands for; undefined where there is none. */
export function findImage(ctx: Context, nameOrId: string): StoredImage | undefined {
  const index = readImageIndex(ctx);
  const id = resolveImage(index, nameOrId)?.id;
  if (id === undefined) return undefined;
  try {
    return readImage(ctx, id, index.images[id] as ImageEntry);
  } catch (error) {
    // Removed by another command since the index was read.
    if (!hasImage(ctx, id)) return undefined;
    throw error;
  }
}

export function getImage(ctx: Context, nameOrId: string): StoredImage {
  const image = findImage(ctx, nameOrId);
  if (!image) throw unknownImage(nameOrId);
  return image;
}

export function hasImage(ctx: Context, id: string): boolean {
  return Object.hasOwn(readImageIndex(ctx).images, id);
}

export function unknownImage(nameOrId: string): EngineError {
  return new EngineError("image-not-known", `${nameOrId}: image not known`, {
    hint: `\`coracle images\` lists the images here; \`coracle pull ${nameOrId}\` fetches one`,
  });
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
    repoDigests: entry.repoDigests,
    storedAt: entry.storedAt,
    size: entry.size,
    parents: entry.parents,
  };
}

function readManifest(ctx: Context, digest: string): Manifest {
  const parsed = parseManifest(readBlob(ctx, digest), digest);
  if (parsed.kind === "index")
    throw new EngineError("bad-manifest", `${digest} in the image store is an index`);
  return parsed.manifest;
}

export function readConfig(ctx: Context, id: string): ImageConfig {
  return parseImageConfig(readBlob(ctx, `sha256:${id}`), `image ${id}`);
}

export interface ResolvedImage {
  id: string;
  /** The name or name with digest that matched; undefined when it was an id. */
  name: string | undefined;
}

/**
 * Names win over id prefixes, a short name means `localhost/NAME`, then Docker Hub's, then the one image of that name
 * in whatever registry.
 */
export function resolveImage(index: ImageIndex, nameOrId: string): ResolvedImage | undefined {
  const bare = nameOrId.startsWith("sha256:") ? nameOrId.slice("sha256:".length) : nameOrId;
  if (/^[0-9a-f]{64}$/.test(bare)) return bare in index.images ? { id: bare, name: undefined } : undefined;
  const isHex = /^[0-9a-f]+$/.test(bare);
  return (
    (bare === nameOrId ? byName(index, nameOrId, isHex) : undefined) ??
    (isHex ? byPrefix(index, bare) : undefined)
  );
}

function byPrefix(index: ImageIndex, prefix: string): ResolvedImage | undefined {
  const ids = Object.keys(index.images).filter((id) => id.startsWith(prefix));
  if (ids.length > 1)
    throw ambiguous(
      prefix,
      ids.map((id) => `${id.slice(0, 12)} ${nameOf(index, id)}`),
    );
  return ids[0] === undefined ? undefined : { id: ids[0], name: undefined };
}

function nameOf(index: ImageIndex, id: string): string {
  return index.images[id]?.names[0] ?? "<none>";
}

function byName(index: ImageIndex, text: string, isHex: boolean): ResolvedImage | undefined {
  let reference: Reference;
  try {
    reference = parseReference(text);
  } catch (error) {
    if (isHex) return undefined;
    throw error;
  }
  const registries = reference.registry === undefined ? ["localhost", defaultRegistry] : [reference.registry];
  for (const registry of registries) {
    const found = byFullName(index, completeReference(reference, registry));
    if (found) return found;
  }
  return reference.registry === undefined ? bySuffix(index, reference, text) : undefined;
}

function byFullName(index: ImageIndex, reference: Reference): ResolvedImage | undefined {
  const name = formatReference(reference);
  for (const [id, entry] of Object.entries(index.images)) {
    if (reference.digest === undefined ? entry.names.includes(name) : hasDigest(entry, reference))
      return { id, name };
  }
  return undefined;
}

/** Whether an image can be called by that name with digest: as it was pulled, or by its manifest under any of its names. */
function hasDigest(entry: ImageEntry, reference: Reference): boolean {
  if (entry.repoDigests.includes(formatReference(reference))) return true;
  const prefix = `${repositoryName(reference)}:`;
  return entry.manifest === reference.digest && entry.names.some((name) => name.startsWith(prefix));
}

function bySuffix(index: ImageIndex, reference: Reference, text: string): ResolvedImage | undefined {
  const name = formatReference(
    reference.digest ? reference : { ...reference, tag: reference.tag ?? "latest" },
  );
  const matches: { id: string; name: string }[] = [];
  for (const [id, entry] of Object.entries(index.images)) {
    for (const candidate of reference.digest === undefined ? entry.names : entry.repoDigests) {
      if (candidate.endsWith(`/${name}`)) matches.push({ id, name: candidate });
    }
  }
  if (new Set(matches.map(({ id }) => id)).size > 1)
    throw ambiguous(
      text,
      matches.map((match) => match.name),
    );
  return matches[0];
}

function ambiguous(text: string, candidates: string[]): EngineError {
  return new EngineError(
    "ambiguous-image",
    `${text}: several images match: ${candidates.sort().join(", ")}`,
    {
      hint: "give the full name or more digits of the id",
    },
  );
}

/** Whether the text can only be an id or digest of an image here, never a name to pull. */
export function isImageId(text: string): boolean {
  return isDigest(text) || /^[0-9a-f]{64}$/.test(text);
}
