import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../../src/host/context.ts";
import { createStaging } from "../../../src/host/staging.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import { mediaTypes } from "../../../src/oci/image.ts";
import { blobsDirectory } from "../../../src/storage/blobs.ts";
import { commitImage } from "../../../src/storage/image-store.ts";
import type { StoredImage } from "../../../src/storage/image-types.ts";
import { layerDirectory } from "../../../src/storage/layers.ts";

/** A layer that was unpacked, without the work: its blob is its name. */
export interface FakeLayer {
  name: string;
  implicit?: string[];
  opaque?: string[];
}

export function putLayer(ctx: Context, { name, implicit = [], opaque = [] }: FakeLayer): string {
  const digest = digestOf(name);
  const hex = digest.slice("sha256:".length);
  mkdirSync(join(layerDirectory(ctx, hex), "diff"), { recursive: true });
  const record = { version: 1, diffID: digest, diffSize: 100, size: 10, entries: 1, implicit, opaque };
  writeFileSync(join(layerDirectory(ctx, hex), "record.json"), JSON.stringify(record));
  mkdirSync(blobsDirectory(ctx), { recursive: true });
  writeFileSync(join(blobsDirectory(ctx), hex), name);
  return digest;
}

export interface FakeImage {
  names?: string[];
  digests?: string[];
  /** Bottom first; they must be there. */
  layers?: string[];
  /** Makes it another image. */
  comment?: string;
}

export async function putImage(ctx: Context, fake: FakeImage): Promise<StoredImage | undefined> {
  const digests = (fake.layers ?? []).map((name) => digestOf(name));
  const config = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      created: "2020-01-01T00:00:00Z",
      author: fake.comment,
      rootfs: { type: "layers", diff_ids: digests },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: digests.map((digest) => ({ mediaType: mediaTypes.ociLayer, digest, size: 1 })),
    }),
  );
  const staging = createStaging(ctx, "image");
  try {
    const { names = [], digests: known = [] } = fake;
    return await commitImage(ctx, staging.path, { config, manifest, names, digests: known });
  } finally {
    await staging.remove();
  }
}
