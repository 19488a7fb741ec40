import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { invalid } from "../../oci/invalid.ts";
import { newLocalName } from "../../oci/reference.ts";
import { createList, findList } from "../../storage/manifest-lists.ts";
import type { RegistryAccess } from "../registry/options.ts";
import { addToList } from "./add.ts";

export interface CreateListOptions extends RegistryAccess {
  /** All images of what is a list itself. */
  all: boolean;
  /** Go on with a list that has the name. */
  amend: boolean;
  annotations: Record<string, string>;
}

/** Makes a list in the store with images of the store or of registries; returns its id. */
export async function createManifestList(
  ctx: Context,
  name: string,
  images: readonly string[],
  options: CreateListOptions,
): Promise<string> {
  if (name === "") throw invalid("no name specified for creating a manifest list");
  const full = newLocalName(name);
  const id = await newList(ctx, full, options);
  for (const image of images) await addToList(ctx, id, image, options);
  return id;
}

async function newList(
  ctx: Context,
  name: string,
  { amend, annotations }: CreateListOptions,
): Promise<string> {
  try {
    return await createList(ctx, name, annotations);
  } catch (error) {
    if (!(amend && error instanceof EngineError && error.code === "name-in-use")) throw error;
    const list = findList(ctx, name);
    if (!list) throw error;
    return list.id;
  }
}
