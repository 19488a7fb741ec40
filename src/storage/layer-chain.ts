import type { Context } from "../host/context.ts";
import { digestHex } from "../oci/digest.ts";
import { sha256 } from "../oci/hash.ts";
import type { ImageIndex } from "./image-index.ts";
import { readConfig } from "./images.ts";
import { readLayerRecord } from "./layers.ts";

/** A layer on top of those below it, which is what Podman gives an id to. */
export interface ChainLayer {
  id: string;
  diffID: string;
  /** Bytes of the uncompressed tar. */
  size: number;
}

/** The layers of an image, bottom first, with Podman's ids. */
export function layerChain(ctx: Context, diffIDs: readonly string[]): ChainLayer[] {
  let below = "";
  return diffIDs.map((diffID) => {
    const hex = digestHex(diffID);
    below = below === "" ? hex : sha256().update(`${below}+${hex}`).digest("hex");
    return { id: below, diffID, size: readLayerRecord(ctx, diffID)?.diffSize ?? 0 };
  });
}

/** Ids of the images by the id of their topmost layer. */
export function imagesByTopLayer(ctx: Context, index: ImageIndex): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const id of Object.keys(index.images)) {
    const top = layerChain(ctx, readConfig(ctx, id).rootfs.diff_ids).at(-1);
    if (top) found.set(top.id, [...(found.get(top.id) ?? []), id]);
  }
  return found;
}
