import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { digestHex } from "../../oci/digest.ts";
import { type Descriptor, type Manifest, mediaTypes, type Platform } from "../../oci/image.ts";
import { maxConfigSize, parseImageConfig, parseManifest } from "../../oci/image-manifest.ts";
import { chooseManifest, platformMismatch } from "../../oci/image-platform.ts";
import { registrySource } from "../../oci/policy.ts";
import { type FullReference, formatReference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { hasBlob, readBlob } from "../../storage/blobs.ts";
import { commitImage, findCommitted } from "../../storage/image-store.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { importLayers } from "../../storage/layer-import.ts";
import { fromSources } from "../registry/sources.ts";
import { checkPolicy } from "./policy.ts";
import { type PullOptions, wantedPlatform } from "./pull-options.ts";

/** What the registry has under a reference, for one platform. */
interface Resolved {
  manifest: Manifest;
  bytes: Buffer;
  /** Digests that it can be pulled by: of the index, if there is one, and of the manifest. */
  digests: string[];
}

/** The id of the image that a registry has under a reference now. */
export async function remoteImageId(
  ctx: Context,
  reference: FullReference,
  options: PullOptions,
): Promise<string> {
  const wanted = wantedPlatform(options);
  const { manifest } = await fromSources(ctx, reference, options, (found, source) =>
    resolveManifest(found, source, wanted),
  );
  return digestHex(manifest.config.digest);
}

/** Fetches an image from where registries.conf says that its reference means; `stored` is what is here already. */
export async function fetchImage(
  ctx: Context,
  reference: FullReference,
  options: PullOptions,
  stored: StoredImage | undefined,
): Promise<StoredImage> {
  const wanted = wantedPlatform(options);
  const prefix = `initializing source docker://${formatReference(reference)}: `;
  const access = { ...options, retrying: prefix };
  const { client, resolved } = await fromSources(ctx, reference, access, async (found, source) => ({
    client: found,
    resolved: await resolveManifest(found, source, wanted),
  })).catch((error: unknown) => {
    throw rephrase(error, { prefix, exitCode: 125 });
  });
  if (
    stored &&
    options.policy === "newer" &&
    stored.manifest.config.digest === resolved.manifest.config.digest
  ) {
    return stored;
  }
  const digest = resolved.digests.at(-1) as string;
  await checkPolicy(registrySource(reference), options.signaturePolicy, {
    reference,
    digest,
    signatures: async () => {
      const { readSignatures } = await import("../registry/signatures.ts");
      return await readSignatures(client, reference, digest);
    },
  });
  const config = await fetchConfig(ctx, client, resolved.manifest.config);
  const parsed = parseImageConfig(config, formatReference(reference), resolved.manifest.layers.length);
  if (parsed.architecture !== wanted.architecture || parsed.os !== wanted.os) {
    const { os, architecture } = parsed;
    options.onProgress?.({ type: "warning", text: platformMismatch({ os, architecture }, wanted) });
  }
  const image = {
    manifest: resolved.bytes,
    config,
    names: [formatReference(reference)],
    digests: resolved.digests,
  };
  const finish = (committed: StoredImage) => {
    options.onProgress?.({ type: "config", digest: resolved.manifest.config.digest });
    options.onProgress?.({ type: "manifest" });
    return committed;
  };
  options.onProgress?.({ type: "sources" });
  const present = findCommitted(ctx, image);
  if (present) {
    for (const digest of new Set(resolved.manifest.layers.map((layer) => layer.digest)))
      options.onProgress?.({ type: "layer", digest, status: "exists" });
    return finish(present);
  }
  const layers = resolved.manifest.layers.map((descriptor, i) => ({
    descriptor,
    diffID: parsed.rootfs.diff_ids[i] as string,
    source: {
      download: (offset: number, signal: AbortSignal) => client.blob(descriptor, offset, signal),
    },
  }));
  const staging = createStaging(ctx, "image");
  try {
    // An rmi between import and commit may remove what it finds unused: then once more.
    for (let attempt = 0; attempt < 3; attempt++) {
      await importLayers(ctx, staging.path, layers, (event) =>
        options.onProgress?.({ type: "layer", ...event }),
      );
      const committed = await commitImage(ctx, staging.path, image);
      if (committed) return finish(committed);
    }
  } finally {
    await staging.remove();
  }
  throw new EngineError(
    "image-vanished",
    `${formatReference(reference)}: layers were removed while it was pulled`,
    {
      hint: "another command removes images; pull again",
    },
  );
}

async function resolveManifest(
  client: RegistryClient,
  reference: FullReference,
  wanted: Platform,
): Promise<Resolved> {
  const what = formatReference(reference);
  const first = await client.manifest(reference.digest ?? (reference.tag as string));
  const parsed = parseManifest(first.bytes, what, first.mediaType);
  if (parsed.kind === "manifest") {
    return { manifest: checkImage(parsed.manifest, what), bytes: first.bytes, digests: [first.digest] };
  }
  const chosen = chooseManifest(parsed.index, wanted, what);
  const second = await client.manifest(chosen.digest, chosen.size);
  const inner = parseManifest(second.bytes, what, chosen.mediaType);
  if (inner.kind === "index")
    throw new EngineError("bad-manifest", `${what}: an index inside an index is not supported`);
  return {
    manifest: checkImage(inner.manifest, what),
    bytes: second.bytes,
    digests: [first.digest, second.digest],
  };
}

/** Manifests also describe signatures, charts and whatnot. */
function checkImage(manifest: Manifest, what: string): Manifest {
  const known: string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig];
  if (known.includes(manifest.config.mediaType)) return manifest;
  throw new EngineError("not-an-image", `${what} is not a container image but ${manifest.config.mediaType}`);
}

async function fetchConfig(ctx: Context, client: RegistryClient, descriptor: Descriptor): Promise<Buffer> {
  if (descriptor.size > maxConfigSize) {
    throw new EngineError("bad-manifest", `image config of ${descriptor.size} bytes is too large`);
  }
  if (hasBlob(ctx, descriptor.digest)) return readBlob(ctx, descriptor.digest);
  return await client.smallBlob(descriptor, maxConfigSize);
}
