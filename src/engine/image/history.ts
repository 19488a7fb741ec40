import type { Context } from "../../host/context.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { getImage } from "../../storage/images.ts";
import { imagesByTopLayer, layerChain } from "../../storage/layer-chain.ts";

/** One step in the making of an image. */
export interface HistoryStep {
  /** Of the image that this step finished, or `<missing>`. */
  id: string;
  /** RFC 3339; undefined where it isn't known. */
  created: string | undefined;
  createdBy: string;
  /** Bytes of the layer; 0 for a step that made none. */
  size: number;
  comment: string;
  /** Names of the images that end with this step. */
  tags: string[];
}

/** How an image was made, the last step first. */
export function imageHistory(ctx: Context, nameOrId: string): HistoryStep[] {
  const { config } = getImage(ctx, nameOrId);
  const layers = layerChain(ctx, config.rootfs.diff_ids);
  const index = visibleImages(ctx);
  const images = imagesByTopLayer(ctx, index);
  const shown = new Set<string>();
  return (config.history ?? []).toReversed().map((step): HistoryStep => {
    const ending = images.get(layers.at(-1)?.id ?? "") ?? [];
    const [id] = ending;
    const isNew = id !== undefined && !shown.has(id);
    if (isNew) shown.add(id);
    return {
      id: isNew ? id : "<missing>",
      created: step.created,
      createdBy: step.created_by ?? "",
      size: step.empty_layer ? 0 : (layers.pop()?.size ?? 0),
      comment: step.comment ?? "",
      tags: ending.flatMap((image) => index.images[image]?.names ?? []),
    };
  });
}
