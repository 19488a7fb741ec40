import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { listRecords } from "../../runtime/records.ts";
import { readImageIndex } from "../../storage/image-index.ts";
import { removeImage, untagImage } from "../../storage/image-store.ts";
import { resolveImage, unknownImage } from "../../storage/images.ts";
import { listVolumes } from "../../storage/volumes.ts";
import { reapImageLeftovers } from "./reap.ts";

export interface RemoveImagesOptions {
  all?: boolean;
  /** Remove containers that use the image, and an image that has several names. */
  force?: boolean;
  /** No error for an image that isn't there. */
  ignore?: boolean;
}

/** What happened, in Podman's order; failures don't keep the others from being removed. */
export interface RemovedImages {
  untagged: string[];
  deleted: string[];
  errors: EngineError[];
}

export async function removeImages(
  ctx: Context,
  names: readonly string[],
  options: RemoveImagesOptions = {},
): Promise<RemovedImages> {
  await reapImageLeftovers(ctx);
  const result: RemovedImages = { untagged: [], deleted: [], errors: [] };
  const targets = options.all ? Object.keys(readImageIndex(ctx).images) : names;
  for (const target of targets) {
    try {
      await removeOne(ctx, target, options, result);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      result.errors.push(error);
    }
  }
  return result;
}

async function removeOne(
  ctx: Context,
  target: string,
  { all, force, ignore }: RemoveImagesOptions,
  result: RemovedImages,
): Promise<void> {
  const index = readImageIndex(ctx);
  const found = resolveImage(index, target);
  const entry = found && index.images[found.id];
  if (!entry) {
    if (ignore || all) return;
    const { code, message, hint } = unknownImage(target);
    throw new EngineError(code, message, { hint, exitCode: 1 });
  }
  const { id, name } = found;
  const isTag = name !== undefined && entry.names.includes(name);
  if (isTag && entry.names.length > 1) {
    const untagged = await untagImage(ctx, id, [name]);
    for (const one of untagged) recordEvent(ctx, { Type: "image", Status: "untag", ID: id, Name: one });
    result.untagged.push(...untagged);
    return;
  }
  if (entry.names.length > 1 && !force && !all) {
    throw new EngineError(
      "several-names",
      `unable to delete image "${id}" by ID with more than one tag (${entry.names.join(", ")}): please force removal`,
      { hint: "name the tag to remove, or use --force" },
    );
  }
  if (force) await removeContainersOf(ctx, id);
  await removeImage(ctx, id, (image) => [...containersOf(ctx, image), ...volumesOf(ctx, image)]);
  // Pulled by digest, that is its only name.
  result.untagged.push(...(entry.names.length === 0 && name !== undefined ? [name] : entry.names));
  result.deleted.push(id);
  for (const one of entry.names) recordEvent(ctx, { Type: "image", Status: "untag", ID: id, Name: one });
  recordEvent(ctx, { Type: "image", Status: "remove", ID: id, Name: entry.names[0] ?? "" });
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

async function removeContainersOf(ctx: Context, imageId: string): Promise<void> {
  const users = containersOf(ctx, imageId);
  if (users.length === 0) return;
  const { removeContainer } = await import("../container/rm.ts");
  for (const id of users) await removeContainer(ctx, id, { force: true, ignore: true });
}
