import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { listDirectory, syncDirectory } from "../host/files.ts";
import { reapLocks, withLock } from "../host/lock.ts";
import { releaseReserve } from "../host/reserve.ts";
import { createStaging, deadStaging, hasStaging, reapStaging, removeTrees } from "../host/staging.ts";
import { digestHex, digestOf } from "../oci/digest.ts";
import { parseImageConfig, parseManifest } from "../oci/image-manifest.ts";
import { blobsDirectory, hasBlob, writeBlob } from "./blobs.ts";
import { filesOf, neededFiles, trashUnused } from "./image-files.ts";
import {
  changeImageIndex,
  type ImageEntry,
  type ImageIndex,
  readImageIndex,
  readOnlyImages,
  writeImageIndex,
} from "./image-index.ts";
import { addName, namedEntry, setNames } from "./image-names.ts";
import type { StoredImage } from "./image-types.ts";
import { layerKeys, readImage } from "./images.ts";
import { diffDirectory, hasLayer, layersDirectory, ownLayerDirectory, readLayerRecord } from "./layers.ts";
import { makeParentsLayer } from "./parents.ts";
import { downloadMark, keepForNextPull, reapPartialBlobs } from "./partial-blob.ts";

/** Changing what images there are. */

export interface NewImage {
  manifest: Uint8Array;
  config: Uint8Array;
  /** Full names; each is put in front of those before it, and taken away from whatever image has it. */
  names: string[];
  /** Digests that it can be called by, beside its manifest's. */
  digests: string[];
}

/**
 * Puts an image whose layers and layer blobs are stored into images.json, last of all. Returns undefined when one of
 * them is gone: a concurrent `rmi` saw nobody using it, and the caller starts over.
 */
export async function commitImage(
  ctx: Context,
  staging: string,
  image: NewImage,
): Promise<StoredImage | undefined> {
  const id = digestHex(digestOf(image.config));
  const parsed = parseManifest(image.manifest, `manifest of image ${id}`);
  if (parsed.kind === "index") throw new EngineError("bad-manifest", `image ${id}: an index is no image`);
  const config = parseImageConfig(image.config, `image ${id}`, parsed.manifest.layers.length);
  const layers = [];
  for (const diffID of config.rootfs.diff_ids.toReversed()) {
    const record = readLayerRecord(ctx, diffID);
    if (!record) return undefined;
    layers.push({ diff: diffDirectory(ctx, digestHex(diffID)), record });
  }
  const parents = await makeParentsLayer(ctx, staging, layers);
  const entry: ImageEntry = {
    manifest: writeBlob(ctx, image.manifest),
    names: [],
    nameHistory: [],
    digests: [],
    created: config.created ?? "",
    storedAt: new Date().toISOString(),
    // As Podman counts: the uncompressed tars, and what describes them with two copies of the manifest.
    size: layers.reduce(
      (sum, { record }) => sum + record.diffSize,
      image.config.length + 2 * image.manifest.length,
    ),
    parents,
  };
  writeBlob(ctx, image.config);
  // Additional stores may have all of it.
  if (fs.existsSync(layersDirectory(ctx))) syncDirectory(layersDirectory(ctx));
  if (fs.existsSync(blobsDirectory(ctx))) syncDirectory(blobsDirectory(ctx));
  const needed = {
    blobs: [entry.manifest, `sha256:${id}`, ...parsed.manifest.layers.map(({ digest }) => digest)],
    layers: layerKeys({ config, parents }),
  };
  return await changeImageIndex(ctx, (index) => {
    if (!needed.blobs.every((digest) => hasBlob(ctx, digest))) return undefined;
    if (!needed.layers.every((key) => hasLayer(ctx, `sha256:${key}`))) return undefined;
    // The first manifest of an image stays: another one only packs the same layers differently.
    const kept = index.images[id] ?? entry;
    index.images[id] = kept;
    for (const name of image.names) addName(index, id, name);
    kept.digests = [...new Set([...kept.digests, entry.manifest, ...image.digests])];
    return readImage(ctx, id, kept);
  });
}

/** The image where the store has it just so: then there is nothing to fetch, to write or to lock. */
export function findCommitted(ctx: Context, image: NewImage): StoredImage | undefined {
  const id = digestHex(digestOf(image.config));
  const entry = readImageIndex(ctx).images[id];
  const digests = [digestOf(image.manifest), ...image.digests];
  if (!entry || !digests.every((digest) => entry.digests.includes(digest))) return undefined;
  if (!image.names.toReversed().every((name, i) => entry.names[i] === name)) return undefined;
  try {
    const stored = readImage(ctx, id, entry);
    const isWhole =
      stored.manifest.layers.every(({ digest }) => hasBlob(ctx, digest)) &&
      layerKeys(stored).every((key) => hasLayer(ctx, `sha256:${key}`));
    return isWhole ? stored : undefined;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/**
 * Changes the names of an image of the store; those that `change` returns are what it has afterwards. Returns the ones it
 * had.
 */
export async function renameImage(
  ctx: Context,
  id: string,
  change: (names: readonly string[]) => readonly string[],
): Promise<string[]> {
  return await changeImageIndex(ctx, (index) => {
    takeOver(ctx, index, id);
    const names = namedEntry(index, id)?.names;
    if (!names) throw new EngineError("image-not-known", `${id}: image not known`);
    setNames(index, id, change(names));
    return names;
  });
}

/** An image of an additional store gets an entry in the own one, whose names can be changed. */
function takeOver(ctx: Context, index: ImageIndex, id: string): void {
  if (namedEntry(index, id)) return;
  const [, entry] = readOnlyImages(ctx).find(([other]) => other === id) ?? [];
  if (entry) index.images[id] = { ...entry, names: [] };
}

/**
 * Removes an image with what only it needs. `usersOf` gives the containers that use it; it is asked after images.json
 * was rewritten, while `create` publishes its record first and then looks for the image: whichever is second sees the
 * other.
 */
export async function removeImage(
  ctx: Context,
  id: string,
  usersOf: (id: string) => string[],
): Promise<void> {
  refuseUsed(usersOf(id));
  try {
    await removeUnused(ctx, id, usersOf);
  } catch (error) {
    if (!releaseReserve(ctx, error)) throw error;
    await removeUnused(ctx, id, usersOf);
  }
}

async function removeUnused(ctx: Context, id: string, usersOf: (id: string) => string[]): Promise<void> {
  // Marks the work: if we die half-way, the next command looks for what no image names.
  const staging = createStaging(ctx, "image");
  try {
    const trash = await withLock(ctx, "storage", () => {
      const index = readImageIndex(ctx);
      const entry = index.images[id];
      if (!entry) return [];
      delete index.images[id];
      writeImageIndex(ctx, index);
      const users = usersOf(id);
      if (users.length > 0) {
        index.images[id] = entry;
        writeImageIndex(ctx, index);
        refuseUsed(users);
      }
      return trashUnused(ctx, filesOf(ctx, id, entry), neededFiles(ctx, index));
    });
    await removeTrees(ctx, trash);
  } finally {
    await staging.remove();
  }
}

function refuseUsed(users: readonly string[]): void {
  const [first] = users;
  if (first === undefined) return;
  const text =
    "image is in use by a container: consider listing external containers and force-removing image";
  throw new EngineError("image-in-use", `image used by ${first}: ${text}`, {
    hint: `\`coracle rm ${first.slice(0, 12)}\` removes the container, \`coracle rmi --force\` both`,
    exitCode: 2,
  });
}

/**
 * Removes what killed commands left: their staging, and layers and blobs that got their names but no image. Costs three
 * readdirs when there is nothing. The search waits for the first moment without a live pull or load, whose new layers
 * no image names yet. `usedLayers` are those of containers, by key (layerKeys), whatever images.json says.
 */
export async function reapImages(ctx: Context, usedLayers: () => Iterable<string>): Promise<void> {
  reapLocks(ctx);
  reapPartialBlobs(ctx);
  if (!hasStaging(ctx, "image", false) || hasStaging(ctx, "image", true)) return await reapStaging(ctx);
  const wasPull = deadStaging(ctx, ["image"]).some((directory) =>
    fs.existsSync(path.join(directory, downloadMark)),
  );
  const trash = await withLock(ctx, "storage", () => {
    const needed = neededFiles(ctx, readImageIndex(ctx));
    for (const key of usedLayers()) needed.add(ownLayerDirectory(ctx, key));
    const present = [layersDirectory(ctx), blobsDirectory(ctx)].flatMap((directory) =>
      listDirectory(directory).map((name) => path.join(directory, name)),
    );
    const kept = (file: string) =>
      wasPull &&
      path.dirname(file) === blobsDirectory(ctx) &&
      !needed.has(file) &&
      keepForNextPull(ctx, file);
    return trashUnused(
      ctx,
      present.filter((file) => !kept(file)),
      needed,
    );
  });
  await removeTrees(ctx, trash);
  await reapStaging(ctx, (kind) => kind !== "container");
}
