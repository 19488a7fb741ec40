import * as path from "node:path";
import { EngineError } from "../errors.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { readJson, writeJsonAtomic } from "../host/files.ts";
import { withLock } from "../host/lock.ts";
import { keepReserve } from "../host/reserve.ts";
import type { ManifestList } from "../oci/manifest-list.ts";

/** What `images.json` says of one image: enough to list and find it without opening another file. */
export interface ImageEntry {
  /** `sha256:…` of the manifest among the blobs. */
  manifest: string;
  /** Full names with tags, or with the digest that it was pulled by (image-names.ts). */
  names: string[];
  /** Names that it has or had, the latest first. */
  nameHistory: string[];
  /** Digests that it can be called by: of its manifests, and of the indexes it was found in. */
  digests: string[];
  /** When the image was built, as its config says; "" where it doesn't. */
  created: string;
  /** When it came into this store. */
  storedAt: string;
  /** Bytes of its layers as uncompressed tars, its config and its manifest. */
  size: number;
  /** Key of the layer with the metadata of directories that its layers only imply (parents.ts), or null. */
  parents: string | null;
}

/** Files under a name, described by a manifest: nothing to run. */
export interface ArtifactEntry {
  /** `sha256:…` of the manifest among the blobs. */
  manifest: string;
  /** Bytes of its files. */
  size: number;
  /** RFC 3339. */
  created: string;
}

/** A list of images that was put together here. Its images may be anywhere. */
export interface ListEntry extends ManifestList {
  names: string[];
  nameHistory: string[];
  /** RFC 3339. */
  created: string;
}

/** `images.json`: an image is in the store iff it is named here, and then all its blobs and layers are. */
export interface ImageIndex {
  version: 2;
  images: Record<string, ImageEntry>;
  /** By full name with tag. */
  artifacts?: Record<string, ArtifactEntry>;
  /** By ids of their own, which are random. */
  lists?: Record<string, ListEntry>;
}

function indexPath(graphRoot: string): string {
  return path.join(graphRoot, "images.json");
}

/** Of the own store: what can be changed. */
export function readImageIndex(ctx: Context): ImageIndex {
  return readIndex(ctx.graphRoot);
}

/** The images of additional stores, by id; the same may be in the own store. */
export function readOnlyImages(ctx: Context): [id: string, entry: ImageEntry][] {
  const all = ctx.storage.imageStores.flatMap((store) => Object.entries(readIndex(store).images));
  return [...new Map(all.toReversed())].toReversed();
}

/** All images that there are. Where an id or a name is in several stores the own one counts, else the first. */
export function visibleImages(ctx: Context): ImageIndex {
  const index = readImageIndex(ctx);
  const taken = new Set(
    [...Object.values(index.images), ...Object.values(index.lists ?? {})].flatMap(({ names }) => names),
  );
  for (const [id, entry] of readOnlyImages(ctx)) {
    const own = index.images[id];
    const names = entry.names.filter((name) => !taken.has(name));
    for (const name of names) taken.add(name);
    index.images[id] = own ? { ...own, names: [...own.names, ...names] } : { ...entry, names };
  }
  return index;
}

function readIndex(graphRoot: string): ImageIndex {
  const index = readJson<ImageIndex | FirstIndex>(indexPath(graphRoot), ["version", "images"]);
  if (index === undefined) return { version: 2, images: {} };
  if (index.version === 1) return upgrade(index);
  if (index.version !== 2) {
    throw new EngineError(
      "store-version",
      `${indexPath(graphRoot)} was written by a newer version (${(index as ImageIndex).version})`,
      {
        hint: "use that version, or another store with --root",
      },
    );
  }
  return index;
}

/** The first form: names by digest stood apart, and only those that had been pulled were known. */
interface FirstIndex {
  version: 1;
  images: Record<string, Omit<ImageEntry, "nameHistory" | "digests"> & { repoDigests: string[] }>;
}

function upgrade({ images }: FirstIndex): ImageIndex {
  const entries = Object.entries(images).map(([id, { repoDigests, ...entry }]): [string, ImageEntry] => {
    const names = entry.names.length > 0 ? entry.names : repoDigests.slice(0, 1);
    const digests = repoDigests.map((name) => name.slice(name.indexOf("@") + 1));
    return [
      id,
      {
        ...entry,
        names,
        nameHistory: names.toReversed(),
        digests: [...new Set([entry.manifest, ...digests])],
      },
    ];
  });
  return { version: 2, images: Object.fromEntries(entries) };
}

/** Changes the index under the storage lock; what `change` leaves is on disk when this returns. */
export async function changeImageIndex<T>(ctx: Context, change: (index: ImageIndex) => T): Promise<T> {
  ensureDirectory(ctx.graphRoot);
  return await withLock(ctx, "storage", () => {
    const index = readImageIndex(ctx);
    const before = JSON.stringify(index);
    const result = change(index);
    const after = JSON.stringify(index);
    if (after !== before) writeImageIndex(ctx, index);
    // What makes it smaller may be doing so to free a full disk.
    if (after.length > before.length) keepReserve(ctx, after.length);
    return result;
  });
}

/** Only for holders of the storage lock. */
export function writeImageIndex(ctx: Context, index: ImageIndex): void {
  writeJsonAtomic(indexPath(ctx.graphRoot), index);
}
