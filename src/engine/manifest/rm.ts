import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { getList } from "../../storage/manifest-lists.ts";
import { type RemovedImages, removeImages } from "../image/remove.ts";

/** Removes lists, and nothing else; `image rm` takes them as well. */
export async function removeLists(
  ctx: Context,
  names: readonly string[],
  { ignore }: { ignore: boolean },
): Promise<RemovedImages> {
  const errors: EngineError[] = [];
  const lists = names.filter((name) => {
    try {
      getList(ctx, name);
      return true;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (!(ignore && error.code === "image-not-known")) errors.push(error);
      return false;
    }
  });
  const removed = await removeImages(ctx, lists, { ignore });
  return { images: removed.images, errors: [...errors, ...removed.errors] };
}
