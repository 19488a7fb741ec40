import * as path from "node:path";
import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { digestHex } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/image-manifest.ts";
import { registrySource } from "../../oci/policy.ts";
import { type FullReference, formatReference, parseReference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { commitArtifact } from "../../storage/artifacts.ts";
import { commitBlob, hasBlob } from "../../storage/blobs.ts";
import { layerSync } from "../../storage/layers.ts";
import { checkPolicy } from "../image/policy.ts";
import type { OnProgress } from "../image/progress.ts";
import { reapImageLeftovers } from "../image/reap.ts";
import { saveBlob } from "../registry/blob-file.ts";
import { candidates } from "../registry/name.ts";
import type { RegistryAccess } from "../registry/options.ts";
import { fromSources } from "../registry/sources.ts";

export interface PullArtifactOptions extends RegistryAccess {
  onProgress?: OnProgress | undefined;
}

/** Fetches an artifact of a registry; returns its digest. */
export async function pullArtifact(
  ctx: Context,
  name: string,
  options: PullArtifactOptions,
): Promise<string> {
  const text = name.replace(/^docker:\/\//, "");
  const { references } = await candidates(parseReference(text), text);
  await reapImageLeftovers(ctx);
  let failure: unknown;
  for (const reference of references) {
    try {
      return await fromSources(ctx, reference, options, (client, source) =>
        fetchArtifact(ctx, client, source, reference, options),
      );
    } catch (error) {
      const prefix = `initializing source docker://${formatReference(reference)}: `;
      failure ??= rephrase(error, { prefix, exitCode: 125 });
    }
  }
  throw failure;
}

async function fetchArtifact(
  ctx: Context,
  client: RegistryClient,
  source: FullReference,
  reference: FullReference,
  { onProgress }: PullArtifactOptions,
): Promise<string> {
  const what = formatReference(reference);
  const { bytes, mediaType, digest } = await client.manifest(source.digest ?? (source.tag as string));
  const parsed = parseManifest(bytes, what, mediaType);
  if (parsed.kind === "index") {
    throw new EngineError("not-supported", `${what} is a list, which is not supported yet as an artifact`, {
      hint: "name one of its manifests by digest; `coracle manifest inspect` shows them",
    });
  }
  await checkPolicy(registrySource(reference), undefined, {
    reference,
    digest,
    signatures: async () => {
      const { readSignatures } = await import("../registry/signatures.ts");
      return await readSignatures(client, reference, digest);
    },
  });
  onProgress?.({ type: "sources" });
  const staging = createStaging(ctx, "image");
  try {
    const { layers, config } = parsed.manifest;
    const fetched = new Map<string, string>();
    for (const blob of [...layers, config]) {
      const { digest } = blob;
      onProgress?.(
        blob === config ? { type: "config", digest } : { type: "layer", digest, status: "started" },
      );
      if (hasBlob(ctx, digest) || fetched.has(digest)) continue;
      const file = path.join(staging.path, digestHex(digest));
      await saveBlob(client, blob, file);
      fetched.set(digest, file);
    }
    if (fetched.size > 0) await layerSync(ctx, staging.path)();
    for (const [digest, file] of fetched) commitBlob(ctx, file, digest);
    await commitArtifact(ctx, what, bytes);
    onProgress?.({ type: "manifest" });
    return digest;
  } finally {
    await staging.remove();
  }
}
