import * as fs from "node:fs";
import type { Context } from "../host/context.ts";
import { digestHex } from "../oci/digest.ts";
import { sha256 } from "../oci/hash.ts";
import { blobPath } from "./blobs.ts";
import { readImageIndex } from "./image-index.ts";
import { removeImage } from "./image-store.ts";
import { layerKeys, readImage } from "./images.ts";
import { hasLayer } from "./layers.ts";

export interface ImageDamage {
  id: string;
  what: string;
}

/** Images whose parts are missing or, unless `quick`, whose blobs are not what their digest says. */
export function checkImages(ctx: Context, options: { quick: boolean }): ImageDamage[] {
  const found: ImageDamage[] = [];
  for (const [id, entry] of Object.entries(readImageIndex(ctx).images)) {
    try {
      const image = readImage(ctx, id, entry);
      const digests = [entry.manifest, `sha256:${id}`, ...image.manifest.layers.map((layer) => layer.digest)];
      for (const digest of digests) {
        const what = blobDamage(blobPath(ctx, digest), digest, options.quick);
        if (what) found.push({ id, what: `blob ${digest} ${what}` });
      }
      for (const key of layerKeys(image)) {
        if (hasLayer(ctx, `sha256:${key}`)) continue;
        found.push({ id, what: `layer ${key} is missing or damaged` });
      }
    } catch (error) {
      found.push({ id, what: (error as Error).message });
    }
  }
  return found;
}

function blobDamage(file: string, digest: string, quick: boolean): string | undefined {
  if (!fs.existsSync(file)) return "is missing";
  if (quick) return undefined;
  const hash = sha256();
  const fd = fs.openSync(file, "r");
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let count = fs.readSync(fd, buffer); count > 0; count = fs.readSync(fd, buffer))
      hash.update(buffer.subarray(0, count));
  } finally {
    fs.closeSync(fd);
  }
  return hash.digest("hex") === digestHex(digest) ? undefined : "is damaged";
}

/** Takes a damaged image out of the store; it can be pulled or loaded again. */
export async function dropDamagedImage(ctx: Context, id: string): Promise<void> {
  await removeImage(ctx, id, () => []);
}
