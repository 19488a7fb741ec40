import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createCopyStaging } from "../../host/staging.ts";
import { digestHex } from "../../oci/digest.ts";
import type { Descriptor, Manifest } from "../../oci/image.ts";
import { parseManifest } from "../../oci/image-manifest.ts";
import {
  completeReference,
  type FullReference,
  parseReference,
  repositoryName,
} from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import type { RegistryUpload } from "../../registry/upload.ts";
import type { OutgoingImage } from "../../storage/image-archive-writer.ts";
import type { PushOptions } from "../image/push.ts";
import { saveBlob } from "../registry/blob-file.ts";
import { registryOptions } from "../registry/options.ts";
import { fromSources } from "../registry/sources.ts";

/** One image of a repository (`host/name`) as files in `directory`, byte for byte. */
export async function fetchInstance(
  ctx: Context,
  directory: string,
  descriptor: Descriptor,
  from: string,
  options: PushOptions,
): Promise<Pick<OutgoingImage, "manifest" | "blobs">> {
  const source = completeReference({ ...parseReference(from), digest: descriptor.digest });
  return await fromSources(ctx, source, options, async (client) => {
    const { bytes, manifest, mediaType } = await readInstance(client, descriptor, from);
    const blobs: { digest: string; file: string }[] = [];
    options.onProgress?.({ type: "sources" });
    for (const blob of [...manifest.layers.filter(isDistributable), manifest.config]) {
      const file = path.join(directory, digestHex(blob.digest));
      const isConfig = blob === manifest.config;
      options.onProgress?.(
        isConfig
          ? { type: "config", digest: blob.digest }
          : { type: "layer", digest: blob.digest, status: "started" },
      );
      if (!fs.existsSync(file)) await saveBlob(client, blob, file);
      blobs.push({ digest: blob.digest, file });
    }
    options.onProgress?.({ type: "manifest" });
    return { manifest: { bytes, mediaType }, blobs };
  });
}

async function readInstance(
  client: RegistryClient,
  descriptor: Descriptor,
  from: string,
): Promise<{ bytes: Buffer; manifest: Manifest; mediaType: string }> {
  const what = `${from}@${descriptor.digest}`;
  const { bytes, mediaType } = await client.manifest(descriptor.digest, descriptor.size);
  const parsed = parseManifest(bytes, what, descriptor.mediaType);
  if (parsed.kind === "index")
    throw new EngineError("bad-manifest", `${what}: an index inside an index is not supported`);
  const { manifest } = parsed;
  return { bytes, manifest, mediaType: manifest.mediaType ?? mediaType ?? descriptor.mediaType };
}

/** What may not be distributed stays where its manifest says that it is. */
function isDistributable({ mediaType }: Descriptor): boolean {
  return !/nondistributable|foreign/.test(mediaType);
}

/** Copies one image from a repository (`host/name`) to another one, byte for byte. */
export async function copyInstance(
  ctx: Context,
  descriptor: Descriptor,
  from: string,
  to: FullReference,
  options: PushOptions,
): Promise<void> {
  const source = completeReference({ ...parseReference(from), digest: descriptor.digest });
  const { RegistryUpload } = await import("../../registry/upload.ts");
  const upload = new RegistryUpload(to, await registryOptions(ctx, repositoryName(to), options));
  await fromSources(ctx, source, options, async (client) => {
    const { bytes, manifest, mediaType } = await readInstance(client, descriptor, from);
    options.onProgress?.({ type: "sources" });
    const { layers, config } = manifest;
    const mountFrom = source.registry === to.registry ? source.repository : undefined;
    for (const layer of layers.filter(isDistributable)) {
      options.onProgress?.({ type: "layer", digest: layer.digest, status: "started" });
      await copyBlob(ctx, client, upload, layer, mountFrom);
    }
    options.onProgress?.({ type: "config", digest: config.digest });
    await copyBlob(ctx, client, upload, config, mountFrom);
    options.onProgress?.({ type: "manifest" });
    await upload.putManifest(descriptor.digest, bytes, mediaType);
  });
}

async function copyBlob(
  ctx: Context,
  client: RegistryClient,
  upload: RegistryUpload,
  descriptor: Descriptor,
  mountFrom: string | undefined,
): Promise<void> {
  const { digest } = descriptor;
  if (await upload.hasBlob(digest)) return;
  if (mountFrom !== undefined && (await upload.mountBlob(digest, mountFrom))) return;
  const staging = createCopyStaging(ctx);
  try {
    const file = path.join(staging.path, digestHex(digest));
    await saveBlob(client, descriptor, file);
    await upload.putBlob(digest, { file });
    fs.rmSync(file);
  } finally {
    await staging.remove();
  }
}
