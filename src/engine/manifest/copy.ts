import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { digestHex } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/image.ts";
import { parseManifest } from "../../oci/image-manifest.ts";
import {
  completeReference,
  type FullReference,
  parseReference,
  repositoryName,
} from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import type { RegistryUpload } from "../../registry/upload.ts";
import type { PushOptions } from "../image/push.ts";
import { saveBlob } from "../registry/blob-file.ts";
import { registryOptions } from "../registry/options.ts";
import { fromSources } from "../registry/sources.ts";

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
    const what = `${from}@${descriptor.digest}`;
    const { bytes, mediaType } = await client.manifest(descriptor.digest, descriptor.size);
    const parsed = parseManifest(bytes, what, descriptor.mediaType);
    if (parsed.kind === "index")
      throw new EngineError("bad-manifest", `${what}: an index inside an index is not supported`);
    options.onProgress?.({ type: "sources" });
    const { layers, config } = parsed.manifest;
    const mountFrom = source.registry === to.registry ? source.repository : undefined;
    for (const layer of layers) {
      // What may not be distributed stays where its manifest says that it is.
      if (/nondistributable|foreign/.test(layer.mediaType)) continue;
      options.onProgress?.({ type: "layer", digest: layer.digest, status: "started" });
      await copyBlob(ctx, client, upload, layer, mountFrom);
    }
    options.onProgress?.({ type: "config", digest: config.digest });
    await copyBlob(ctx, client, upload, config, mountFrom);
    options.onProgress?.({ type: "manifest" });
    await upload.putManifest(
      descriptor.digest,
      bytes,
      parsed.manifest.mediaType ?? mediaType ?? descriptor.mediaType,
    );
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
  const staging = createStaging(ctx, "push");
  try {
    const file = path.join(staging.path, digestHex(digest));
    await saveBlob(client, descriptor, file);
    await upload.putBlob(digest, { file });
    fs.rmSync(file);
  } finally {
    await staging.remove();
  }
}
