import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { parseReference, repositoryName } from "../../oci/reference.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { candidates } from "../registry/name.ts";
import { listTags } from "../registry/search.ts";
import { pullImage } from "./pull.ts";
import type { PullOptions } from "./pull-options.ts";

/** Every tag of a repository; a tag or digest that is given doesn't count. */
export async function pullAllTags(ctx: Context, text: string, options: PullOptions): Promise<StoredImage[]> {
  const { references } = await candidates(parseReference(text.replace(/^docker:\/\//, "")), text);
  const [reference] = references;
  if (!reference) throw new EngineError("short-name", `${text} stands for no repository`);
  const name = repositoryName(reference);
  const { Tags } = await listTags(ctx, name, { ...options, limit: Number.POSITIVE_INFINITY });
  const images: StoredImage[] = [];
  for (const tag of Tags) images.push(await pullImage(ctx, `${name}:${tag}`, options));
  return images;
}
