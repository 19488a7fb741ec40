import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { runLayerTool } from "../../host/layer-tool.ts";
import { limited } from "../../host/limited.ts";
import { type Descriptor, mediaTypes } from "../../oci/image.ts";
import {
  type Compression,
  canHold,
  convertManifest,
  formatOf,
  layerCompression,
  type ManifestFormat,
  outgoingFormat,
} from "../../oci/manifest-format.ts";
import { blobPath, openBlob, readBlob } from "../../storage/blobs.ts";
import type { OutgoingImage, OutgoingManifest } from "../../storage/image-archive-writer.ts";
import type { StoredImage } from "../../storage/image-types.ts";

/** What an image is to be turned into on its way out of the store; nothing where none of it is given. */
export interface Conversion {
  /** Media types of the manifest; as it is in the store where not given. */
  format?: ManifestFormat | undefined;
  /** Layers that aren't compressed become that (gzip); given, all the others do, too, unless `force` is false. */
  compression?: Compression | undefined;
  force?: boolean | undefined;
  level?: number | undefined;
  /** Layers that aren't compressed may stay so: registries hold compressed ones. */
  plain?: boolean | undefined;
}

export interface OutgoingLayer {
  descriptor: Descriptor;
  compression: Compression;
  file: string;
}

/** Layers being compressed at once. */
const parallel = 2;

/** The image as files; those that had to be made are in `staging`. */
export async function prepareImage(
  ctx: Context,
  staging: string,
  image: StoredImage,
  conversion: Conversion,
): Promise<OutgoingImage> {
  const format = outgoingFormat(image.manifest, conversion);
  const layers = await limited(parallel, image.manifest.layers, (_, i) =>
    prepareLayer(ctx, staging, image, i, { plain: true, ...conversion, format }),
  );
  const config = image.manifest.config.digest;
  const blobs = layers.map(({ descriptor, file }) => ({ digest: descriptor.digest, file }));
  blobs.push({ digest: config, file: blobPath(ctx, config) });
  return { names: [], manifest: manifestFor(ctx, image, format, layers), instances: [], blobs };
}

/** The layer at a place in the image, in the compression it is to have. */
export async function prepareLayer(
  ctx: Context,
  staging: string,
  image: StoredImage,
  place: number,
  conversion: Conversion & { format: ManifestFormat },
): Promise<OutgoingLayer> {
  const descriptor = image.manifest.layers[place] as Descriptor;
  const compression = layerCompression(descriptor);
  if (compression === undefined) {
    throw new EngineError("not-supported", `layers of type ${descriptor.mediaType} can't leave the store`);
  }
  const target = targetCompression(compression, conversion);
  if (target === compression) return { descriptor, compression, file: blobPath(ctx, descriptor.digest) };
  const file = path.join(staging, `${image.id}-${place}`);
  const diffID = image.config.rootfs.diff_ids[place] as string;
  const stdin = openBlob(ctx, descriptor.digest);
  try {
    const verified = ["--digest", descriptor.digest, "--diff-id", diffID];
    const made =
      target === "none"
        ? await decompressed(ctx, stdin, file, diffID, verified)
        : await compressed(ctx, stdin, ["--to", file, "--format", target, ...verified], conversion.level);
    return { descriptor: { ...descriptor, ...made }, compression: target, file };
  } finally {
    fs.closeSync(stdin);
  }
}

interface MadeLayer {
  digest: string;
  size: number;
}

async function compressed(
  ctx: Context,
  stdin: number,
  options: string[],
  level: number | undefined,
): Promise<MadeLayer> {
  const args = ["compress", ...options, ...(level === undefined ? [] : ["--level", String(level)])];
  const { digest, size } = JSON.parse((await runLayerTool(ctx, args, { stdin })).toString()) as MadeLayer;
  return { digest, size };
}

async function decompressed(
  ctx: Context,
  stdin: number,
  file: string,
  diffID: string,
  verified: string[],
): Promise<MadeLayer> {
  const stdout = fs.openSync(file, "wx", 0o600);
  try {
    await runLayerTool(ctx, ["decompress", ...verified], { stdin, stdout });
    return { digest: diffID, size: fs.fstatSync(stdout).size };
  } finally {
    fs.closeSync(stdout);
  }
}

function targetCompression(
  now: Compression,
  { format, compression: wanted, force = true, plain = false }: Conversion & { format: ManifestFormat },
): Compression {
  if (wanted !== undefined && !canHold(format, wanted)) {
    const type = format === "oci" ? mediaTypes.ociManifest : mediaTypes.dockerManifest;
    throw new EngineError(
      "bad-argument",
      `compression using ${wanted} required together with format ${type}, which does not support it`,
      { hint: "use --format oci" },
    );
  }
  if (now === "none") return wanted ?? (plain ? "none" : "gzip");
  if (wanted !== undefined && force) return wanted;
  return canHold(format, now) ? now : "gzip";
}

/** The stored manifest byte for byte, where nothing about it has to change. */
export function manifestFor(
  ctx: Context,
  image: StoredImage,
  format: ManifestFormat,
  layers: readonly OutgoingLayer[],
): OutgoingManifest {
  const same =
    format === formatOf(image.manifest) &&
    layers.every(({ descriptor }, i) => descriptor.digest === image.manifest.layers[i]?.digest);
  const converted = convertManifest(image.manifest, format, layers);
  const mediaType = converted.mediaType as string;
  if (same)
    return { bytes: readBlob(ctx, image.manifestDigest), mediaType: image.manifest.mediaType ?? mediaType };
  return { bytes: Buffer.from(JSON.stringify(converted)), mediaType };
}
