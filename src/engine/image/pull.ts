import * as path from "node:path";
import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { type Descriptor, type Manifest, mediaTypes, type Platform } from "../../oci/image.ts";
import { maxConfigSize, parseImageConfig, parseManifest } from "../../oci/image-manifest.ts";
import { chooseManifest, formatPlatform, parsePlatform, platformOf } from "../../oci/image-platform.ts";
import {
  completeReference,
  type FullReference,
  formatReference,
  parseReference,
  repositoryName,
} from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { hasBlob, readBlob } from "../../storage/blobs.ts";
import { unknownImage } from "../../storage/image-lookup.ts";
import { commitImage } from "../../storage/image-store.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { findImage, isImageId } from "../../storage/images.ts";
import { importLayers } from "../../storage/layer-import.ts";
import { type RegistryAccess, registryOptions } from "../registry/options.ts";
import type { OnProgress } from "./progress.ts";
import { reapImageLeftovers } from "./reap.ts";

export interface PullOptions extends RegistryAccess {
  /** When to ask the registry; `newer` keeps what is here when the registry has nothing else or can't be reached. */
  policy: "always" | "missing" | "never" | "newer";
  /** OS/ARCH[/VARIANT]; this machine's where not given. */
  platform?: string | undefined;
  quiet?: boolean | undefined;
  onProgress?: OnProgress | undefined;
}

/** The image of a reference, fetched when the policy says so. */
export async function pullImage(ctx: Context, text: string, options: PullOptions): Promise<StoredImage> {
  try {
    const image = await imageOf(ctx, text, options);
    recordEvent(ctx, { Type: "image", Status: "pull", ID: image.id, Name: text });
    return image;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    recordEvent(ctx, { Type: "image", Status: "pull-error", Name: text, Error: reason });
    throw error;
  }
}

async function imageOf(ctx: Context, text: string, options: PullOptions): Promise<StoredImage> {
  const stored = findStored(ctx, text, options);
  if (stored && (options.policy === "missing" || options.policy === "never")) return stored;
  if (options.policy === "never" || isImageId(text)) {
    if (stored) return stored;
    throw unknownImage(text);
  }
  const reference = parseReference(text.replace(/^docker:\/\//, ""));
  if (isEmbedded(text)) return await loadEmbedded(ctx);
  if (reference.registry === "localhost") {
    if (stored) return stored;
    throw new EngineError("image-not-known", `${text}: image not known`, {
      hint: "localhost/ is for images made here: build, load or import it",
    });
  }
  await reapImageLeftovers(ctx);
  const full = completeReference(reference);
  options.onProgress?.({ type: "trying", reference: formatReference(full) });
  const { RegistryClient } = await import("../../registry/client.ts");
  const client = new RegistryClient(full, await registryOptions(ctx, repositoryName(full), options));
  try {
    return await fetchImage(ctx, client, full, options, stored);
  } catch (error) {
    if (options.policy === "newer" && stored && isUnreachable(error)) return stored;
    throw error;
  }
}

function findStored(ctx: Context, text: string, { platform, policy }: PullOptions): StoredImage | undefined {
  const image = findImage(ctx, text.replace(/^docker:\/\//, ""));
  if (!image || platform === undefined || policy === "never") return image;
  const wanted = parsePlatform(platform, platformOf(process.arch));
  return image.config.architecture === wanted.architecture && image.config.os === wanted.os
    ? image
    : undefined;
}

function isUnreachable(error: unknown): boolean {
  return error instanceof EngineError && /^(registry-|tls-failed|rate-limited)/.test(error.code);
}

function isEmbedded(text: string): boolean {
  return /^(localhost\/)?hello(:latest)?$/.test(text);
}

async function loadEmbedded(ctx: Context): Promise<StoredImage> {
  const { loadImages } = await import("./load.ts");
  const file = path.join(ctx.libDir, "hello.oci.tar");
  const [loaded] = await loadImages(ctx, { input: file });
  if (!loaded) throw new EngineError("bad-archive", `${file} holds no image`);
  return loaded.image;
}

/** What the registry has under a reference, for one platform. */
interface Resolved {
  manifest: Manifest;
  bytes: Buffer;
  /** Digests that it can be pulled by: of the index, if there is one, and of the manifest. */
  digests: string[];
}

async function fetchImage(
  ctx: Context,
  client: RegistryClient,
  reference: FullReference,
  options: PullOptions,
  stored: StoredImage | undefined,
): Promise<StoredImage> {
  const wanted = wantedPlatform(options);
  const resolved = await resolveManifest(client, reference, wanted).catch((error: unknown) => {
    throw rephrase(error, {
      prefix: `initializing source docker://${formatReference(reference)}: `,
      exitCode: 125,
    });
  });
  if (
    stored &&
    options.policy === "newer" &&
    stored.manifest.config.digest === resolved.manifest.config.digest
  ) {
    return stored;
  }
  const config = await fetchConfig(ctx, client, resolved.manifest.config);
  const parsed = parseImageConfig(config, formatReference(reference), resolved.manifest.layers.length);
  if (parsed.architecture !== wanted.architecture || parsed.os !== wanted.os) {
    const found = formatPlatform({ os: parsed.os, architecture: parsed.architecture });
    const text = `image platform (${found}) does not match the expected platform (${formatPlatform(wanted)})`;
    options.onProgress?.({ type: "warning", text });
  }
  const layers = resolved.manifest.layers.map((descriptor, i) => ({
    descriptor,
    diffID: parsed.rootfs.diff_ids[i] as string,
    open: () => client.blob(descriptor),
  }));
  const image = {
    manifest: resolved.bytes,
    config,
    names: [formatReference(reference)],
    digests: resolved.digests,
  };
  const staging = createStaging(ctx, "image");
  try {
    // An rmi between import and commit may remove what it finds unused: then once more.
    for (let attempt = 0; attempt < 3; attempt++) {
      await importLayers(ctx, staging.path, layers, (event) =>
        options.onProgress?.({ type: "layer", ...event }),
      );
      options.onProgress?.({ type: "config", digest: resolved.manifest.config.digest });
      const committed = await commitImage(ctx, staging.path, image);
      if (committed) {
        options.onProgress?.({ type: "manifest" });
        return committed;
      }
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

function wantedPlatform({ platform }: PullOptions): Platform {
  const here = platformOf(process.arch);
  return platform === undefined ? here : parsePlatform(platform, here);
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
