import * as path from "node:path";
import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { isDigest } from "../../oci/digest.ts";
import { changeInstance, type InstanceChange } from "../../oci/manifest-list.ts";
import { findImage } from "../../storage/images.ts";
import { changeInstances, changeList, getList, type StoredList } from "../../storage/manifest-lists.ts";
import { describeSubject } from "./subject.ts";

/** Says something about an image of a list, which is named by its digest, by name if it is in the store, or by a file of it if it is an artifact. */
export async function annotateInstance(
  ctx: Context,
  listName: string,
  image: string,
  change: InstanceChange,
): Promise<string> {
  const list = getList(ctx, listName);
  const digest = instanceDigest(ctx, list, image);
  await changeInstances(ctx, list.id, (instances) => {
    const at = instances.findIndex(({ descriptor }) => descriptor.digest === digest);
    const found = instances[at];
    if (found) return instances.with(at, { ...found, descriptor: changeInstance(found.descriptor, change) });
    throw new EngineError(
      "no-such-instance",
      `no Docker manifest matching digest "${digest}" was found in list: no image instance matching the specified digest was found in the list or index`,
      { hint: `\`coracle manifest inspect ${listName}\` shows the digests` },
    );
  });
  return list.id;
}

/** Says something about the list itself. */
export async function annotateList(
  ctx: Context,
  listName: string,
  annotations: Record<string, string>,
): Promise<string> {
  const { id } = getList(ctx, listName);
  await changeList(ctx, id, (list) => {
    list.annotations = { ...list.annotations, ...annotations };
  });
  return id;
}

/** Says what image the list is about. */
export async function setSubject(ctx: Context, listName: string, subject: string): Promise<void> {
  const { id } = getList(ctx, listName);
  const descriptor = await describeSubject(ctx, subject, {});
  await changeList(ctx, id, (list) => {
    list.subject = descriptor;
  });
}

export async function removeInstance(ctx: Context, listName: string, image: string): Promise<string> {
  try {
    return await removeFromList(ctx, listName, image);
  } catch (error) {
    throw rephrase(error, { prefix: `removing from manifest list ${listName}: ` });
  }
}

async function removeFromList(ctx: Context, listName: string, image: string): Promise<string> {
  const list = getList(ctx, listName);
  const digest = instanceDigest(ctx, list, image);
  await changeInstances(ctx, list.id, (instances) => {
    const rest = instances.filter(({ descriptor }) => descriptor.digest !== digest);
    if (rest.length < instances.length) return rest;
    throw new EngineError(
      "no-such-instance",
      `no instance matching digest "${digest}" found in manifest list: file does not exist`,
      { hint: `\`coracle manifest inspect ${listName}\` shows the digests` },
    );
  });
  return list.id;
}

/** Of an image by its digest or name, or of an artifact by one of its files. */
function instanceDigest(ctx: Context, { instances }: StoredList, image: string): string {
  const file = path.resolve(image);
  const digest = isDigest(image)
    ? image
    : (instances.find(({ files }) => files?.includes(file))?.descriptor.digest ??
      findImage(ctx, image)?.manifestDigest);
  if (digest !== undefined) return digest;
  throw new EngineError("bad-digest", `invalid image digest "${image}": invalid checksum digest format`, {
    hint: "name the image by its digest: sha256:…",
  });
}
