import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { isDigest } from "../../oci/digest.ts";
import { changeInstance, type InstanceChange } from "../../oci/manifest-list.ts";
import { findImage } from "../../storage/images.ts";
import { changeInstances, changeList, getList } from "../../storage/manifest-lists.ts";

/** Says something about an image of a list, which is named by its digest or, if it is in the store, by name. */
export async function annotateInstance(
  ctx: Context,
  listName: string,
  image: string,
  change: InstanceChange,
): Promise<string> {
  const list = getList(ctx, listName);
  const digest = instanceDigest(ctx, image);
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

export async function removeInstance(ctx: Context, listName: string, image: string): Promise<string> {
  const list = getList(ctx, listName);
  const digest = instanceDigest(ctx, image);
  await changeInstances(ctx, list.id, (instances) => {
    const rest = instances.filter(({ descriptor }) => descriptor.digest !== digest);
    if (rest.length < instances.length) return rest;
    throw new EngineError(
      "no-such-instance",
      `removing from manifest list ${listName}: no instance matching digest "${digest}" found in manifest list: file does not exist`,
      { hint: `\`coracle manifest inspect ${listName}\` shows the digests` },
    );
  });
  return list.id;
}

function instanceDigest(ctx: Context, image: string): string {
  const digest = isDigest(image) ? image : findImage(ctx, image)?.manifestDigest;
  if (digest !== undefined) return digest;
  throw new EngineError("bad-digest", `invalid image digest "${image}": invalid checksum digest format`, {
    hint: "name the image by its digest: sha256:…",
  });
}
