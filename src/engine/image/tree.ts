import type { Context } from "../../host/context.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { repoTags } from "../../storage/image-names.ts";
import { getImage, readConfig } from "../../storage/images.ts";
import { type ChainLayer, imagesByTopLayer, layerChain } from "../../storage/layer-chain.ts";

export interface TreeLayer {
  id: string;
  size: number;
  /** Tags of the images whose topmost layer it is. */
  topOf: string[];
  children: TreeLayer[];
}

export interface ImageTree {
  id: string;
  tags: string[];
  size: number;
  /** Bottom first, each the only child of the one before it; or the topmost, with all that is built on it. */
  layers: TreeLayer[];
  /** Whether `layers` is the topmost one, and other images have others in its place. */
  isBranch: boolean;
}

/** The layers of an image, or (`whatRequires`) the layers of images that need its topmost one. */
export function imageTree(ctx: Context, nameOrId: string, whatRequires: boolean): ImageTree {
  const index = visibleImages(ctx);
  const image = getImage(ctx, nameOrId);
  const tops = imagesByTopLayer(ctx, index);
  const toNode = ({ id, size }: ChainLayer): TreeLayer => ({
    id,
    size,
    topOf: (tops.get(id) ?? []).flatMap((top) => repoTags(index.images[top]?.names ?? [])),
    children: [],
  });
  const own = layerChain(ctx, image.config.rootfs.diff_ids).map(toNode);
  const tree = { id: image.id, tags: repoTags(image.names), size: image.size };
  const top = own.at(-1);
  if (!whatRequires || !top) return { ...tree, layers: own, isBranch: false };
  const below = own.at(-2);
  let isBranch = false;
  const nodes = new Map([[top.id, top]]);
  for (const id of Object.keys(index.images)) {
    const chain = layerChain(ctx, readConfig(ctx, id).rootfs.diff_ids);
    const inItsPlace = chain[own.length - 1];
    if (below && inItsPlace && chain[own.length - 2]?.id === below.id && inItsPlace.id !== top.id)
      isBranch = true;
    const from = chain.findIndex((layer) => layer.id === top.id);
    for (let i = from + 1; from >= 0 && i < chain.length; i++) {
      const layer = chain[i] as ChainLayer;
      if (nodes.has(layer.id)) continue;
      const node = toNode(layer);
      nodes.set(layer.id, node);
      nodes.get((chain[i - 1] as ChainLayer).id)?.children.push(node);
    }
  }
  return { ...tree, layers: [top], isBranch };
}
