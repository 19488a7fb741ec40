import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { localName } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { listRecords } from "../../runtime/records.ts";
import { readImageIndex, readOnlyImages, visibleImages } from "../../storage/image-index.ts";
import { resolveEntry, unknownImage } from "../../storage/image-lookup.ts";
import { namedEntries, namedEntry } from "../../storage/image-names.ts";
import { ImageRelations } from "../../storage/image-relations.ts";
import { removeImage, renameImage } from "../../storage/image-store.ts";
import { removeList } from "../../storage/manifest-lists.ts";
import { listVolumes } from "../../storage/volumes.ts";
import { listImages } from "./list.ts";
import { reapImageLeftovers } from "./reap.ts";

export interface RemoveImagesOptions {
  /** Remove containers that use the image, and an image that has several names. */
  force?: boolean;
  /** No error for an image that isn't there. */
  ignore?: boolean;
  /** Leave the unnamed images on which a removed one was built. */
  noPrune?: boolean;
}

/** What happened to one image. */
export interface RemovedImage {
  id: string;
  /** Gone, and nothing is built on it: its data is gone as well. */
  deleted: boolean;
  untagged: string[];
  size: number;
}

/** In the order of the work; failures don't keep the others from being removed. */
export interface RemovedImages {
  images: RemovedImage[];
  errors: EngineError[];
}

/** A name of an image that has others is taken away from it; its last one, or its id, takes the image along. */
export async function removeImages(
  ctx: Context,
  names: readonly string[],
  options: RemoveImagesOptions = {},
): Promise<RemovedImages> {
  await reapImageLeftovers(ctx);
  const removal = new Removal(ctx, options);
  // All are looked up first: then one image may be named several times.
  const targets = new Map<string, string[]>();
  for (const text of names) {
    await removal.attempt(() => {
      const found = resolveEntry(visibleImages(ctx), text);
      if (found) targets.set(found.id, [...(targets.get(found.id) ?? []), found.name ?? text]);
      else if (!options.ignore) throw unknownImage(text);
    });
  }
  for (const [id, references] of targets) {
    for (const reference of references) await removal.attempt(() => removal.remove(id, reference));
  }
  return removal.result;
}

/** Removes all images that match, as `rmi --all` and `image prune` do. */
export async function removeMatching(
  ctx: Context,
  filters: readonly string[],
  options: RemoveImagesOptions & { among?: ReadonlySet<string> } = {},
): Promise<RemovedImages> {
  await reapImageLeftovers(ctx);
  const removal = new Removal(ctx, options);
  const images = listImages(ctx, { filters }).filter(({ readOnly }) => !readOnly);
  const ids = new Set(images.map(({ id }) => id));
  // In the order in which they came.
  for (const [id] of namedEntries(readImageIndex(ctx))) {
    if (ids.has(id) && (options.among?.has(id) ?? true)) await removal.attempt(() => removal.remove(id));
  }
  return removal.result;
}

class Removal {
  readonly result: RemovedImages = { images: [], errors: [] };
  readonly #ctx: Context;
  readonly #options: RemoveImagesOptions;

  constructor(ctx: Context, options: RemoveImagesOptions) {
    this.#ctx = ctx;
    this.#options = options;
  }

  async attempt(work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.result.errors.push(error);
    }
  }

  /** Removes an image, or (`reference`: as it was called) one of its names, and then the unnamed ones below it. */
  async remove(id: string, reference?: string): Promise<void> {
    const index = readImageIndex(this.#ctx);
    const named = namedEntry(index, id);
    if (!named) return refuseReadOnly(this.#ctx, id);
    if (reference !== undefined && named.names.length !== 1) {
      if (!(await this.#takeName(id, named.names, reference))) return;
    }
    const entry = index.images[id];
    if (!entry) return await this.#removeList(id, reference);
    const relations = new ImageRelations(this.#ctx, index);
    const hasChildren = relations.hasChildren(id);
    const parent = relations.parentOf(id);
    if (this.#options.force) await removeUsersOf(this.#ctx, id);
    const names = readImageIndex(this.#ctx).images[id]?.names ?? [];
    await removeImage(this.#ctx, id, (image) => [
      ...containersOf(this.#ctx, image),
      ...volumesOf(this.#ctx, image),
    ]);
    const report = this.#report(id);
    report.untagged.push(...names);
    for (const name of names) recordEvent(this.#ctx, { Type: "image", Status: "untag", ID: id, Name: name });
    recordEvent(this.#ctx, { Type: "image", Status: "remove", ID: id, Name: reference ?? "" });
    report.deleted = !hasChildren;
    report.size = entry.size;
    if (parent === undefined || this.#options.noPrune) return;
    if (new ImageRelations(this.#ctx, readImageIndex(this.#ctx)).isDangling(parent))
      await this.remove(parent);
  }

  async #removeList(id: string, reference = ""): Promise<void> {
    const names = (await removeList(this.#ctx, id))?.names ?? [];
    const report = this.#report(id);
    report.untagged.push(...names);
    report.deleted = true;
    for (const name of names) recordEvent(this.#ctx, { Type: "image", Status: "untag", ID: id, Name: name });
    recordEvent(this.#ctx, { Type: "image", Status: "remove", ID: id, Name: reference });
  }

  /** Takes away the name by which an image was called. Whether the image is to go as well. */
  async #takeName(id: string, names: readonly string[], reference: string): Promise<boolean> {
    const byId = id.startsWith(reference);
    const byDigest = reference.startsWith("sha256:");
    if (byId || byDigest) {
      if (this.#options.force || names.length <= 1) return true;
      throw new EngineError(
        "several-names",
        `unable to delete image "${id}" by ${byId ? "ID" : "digest"} with more than one tag ([${names.join(" ")}]): please force removal`,
        { hint: "name the tag to remove, or use --force" },
      );
    }
    const name = localName(reference);
    if (!names.includes(name)) throw new EngineError("no-such-tag", `${name}: tag not known`);
    await renameImage(this.#ctx, id, (had) => had.filter((other) => other !== name));
    recordEvent(this.#ctx, { Type: "image", Status: "untag", ID: id, Name: name });
    this.#report(id).untagged.push(reference);
    return names.length === 1;
  }

  #report(id: string): RemovedImage {
    const known = this.result.images.find((image) => image.id === id);
    if (known) return known;
    const image = { id, deleted: false, untagged: [], size: 0 };
    this.result.images.push(image);
    return image;
  }
}

function refuseReadOnly(ctx: Context, id: string): void {
  if (!readOnlyImages(ctx).some(([other]) => other === id)) return;
  throw new EngineError("read-only-image", `cannot remove read-only image "${id}"`, {
    hint: "it is in an additional image store",
  });
}

function containersOf(ctx: Context, imageId: string): string[] {
  return listRecords(ctx)
    .filter(
      ({ config }) =>
        config.image?.id === imageId || config.mounts.some(({ image }) => image?.id === imageId),
    )
    .map(({ id }) => id);
}

/** Names of the volumes that were made from an image. */
function volumesOf(ctx: Context, imageId: string): string[] {
  return listVolumes(ctx).flatMap(({ name, image }) => (image?.id === imageId ? name : []));
}

/** Containers, and volumes that were made from it with their containers. */
async function removeUsersOf(ctx: Context, imageId: string): Promise<void> {
  const containers = containersOf(ctx, imageId);
  if (containers.length > 0) {
    const { removeContainer } = await import("../container/rm.ts");
    for (const id of containers) await removeContainer(ctx, id, { force: true, ignore: true });
  }
  const volumes = volumesOf(ctx, imageId);
  if (volumes.length === 0) return;
  const { removeVolumes } = await import("../volume/remove.ts");
  const { errors } = await removeVolumes(ctx, volumes, { force: true });
  if (errors[0]) throw errors[0];
}
