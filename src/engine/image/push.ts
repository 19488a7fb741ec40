import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { limited } from "../../host/limited.ts";
import { createCopyStaging } from "../../host/staging.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/image.ts";
import { outgoingFormat } from "../../oci/manifest-format.ts";
import {
  completeReference,
  type FullReference,
  parseReference,
  repositoryName,
} from "../../oci/reference.ts";
import type { RegistryUpload } from "../../registry/upload.ts";
import { readBlob } from "../../storage/blobs.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { resolveEntry } from "../../storage/image-lookup.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { getImage, readImage } from "../../storage/images.ts";
import { type RegistryAccess, registryOptions } from "../registry/options.ts";
import { type Conversion, manifestFor, type OutgoingLayer, prepareLayer } from "./outgoing.ts";
import type { OnProgress } from "./progress.ts";

export interface PushOptions extends RegistryAccess, Conversion {
  onProgress?: OnProgress | undefined;
}

/** Layers on their way at once, unless containers.conf says otherwise. */
const PARALLEL = 4;

/** Uploads an image to where its name says, or to `destination`; returns the digest of the manifest there. */
export async function pushImage(
  ctx: Context,
  nameOrId: string,
  destination: string | undefined,
  options: PushOptions,
): Promise<string> {
  const image = getImage(ctx, nameOrId);
  const reference = pushReference(ctx, nameOrId, destination);
  return (await pushStored(ctx, image, reference, options)).digest;
}

/** Uploads an image of the store; returns how it is described there. Without a tag or digest it goes by its digest. */
export async function pushStored(
  ctx: Context,
  image: StoredImage,
  reference: FullReference,
  options: PushOptions,
): Promise<Descriptor> {
  const name = repositoryName(reference);
  const { RegistryUpload } = await import("../../registry/upload.ts");
  const upload = new RegistryUpload(reference, await registryOptions(ctx, name, options));
  const staging = createCopyStaging(ctx);
  try {
    options.onProgress?.({ type: "sources" });
    const format = outgoingFormat(image.manifest, options);
    const mountable = mountSources(ctx, reference);
    const parallel = ctx.config.engine.image_parallel_copies || PARALLEL;
    const layers = await limited(parallel, image.manifest.layers, async (descriptor, i) => {
      options.onProgress?.({ type: "layer", digest: descriptor.digest, status: "started" });
      const layer = await prepareLayer(ctx, staging.path, image, i, { ...options, format });
      await pushLayer(upload, layer, mountable);
      options.onProgress?.({ type: "layer", digest: descriptor.digest, status: "done" });
      return layer;
    });
    const config = readBlob(ctx, `sha256:${image.id}`);
    options.onProgress?.({ type: "config", digest: image.manifest.config.digest });
    if (!(await upload.hasBlob(image.manifest.config.digest)))
      await upload.putBlob(image.manifest.config.digest, { bytes: config });
    options.onProgress?.({ type: "manifest" });
    const { bytes, mediaType } = manifestFor(ctx, image, format, layers);
    const digest = digestOf(bytes);
    if (reference.digest !== undefined && reference.digest !== digest) {
      throw new EngineError(
        "digest-mismatch",
        `the manifest would have digest ${digest}, not ${reference.digest}`,
        {
          hint: "push to a tag",
        },
      );
    }
    await upload.putManifest(reference.digest ?? reference.tag ?? digest, bytes, mediaType);
    return { mediaType, digest, size: bytes.length };
  } finally {
    await staging.remove();
  }
}

/** Where a name is pushed to. */
export function pushReference(
  ctx: Context,
  nameOrId: string,
  destination: string | undefined,
): FullReference {
  const text = destination ?? resolveEntry(visibleImages(ctx), nameOrId)?.name;
  if (text === undefined) {
    throw new EngineError("no-destination", `"${nameOrId}" is an image ID, not a name to push to`, {
      hint: `name a destination: coracle push ${nameOrId} REGISTRY/REPOSITORY:TAG`,
    });
  }
  return completeReference(parseReference(text.replace(/^docker:\/\//, "")));
}

async function pushLayer(
  upload: RegistryUpload,
  { descriptor, file }: OutgoingLayer,
  mountable: (digest: string) => string | undefined,
): Promise<void> {
  if (await upload.hasBlob(descriptor.digest)) return;
  const from = mountable(descriptor.digest);
  if (from !== undefined && (await upload.mountBlob(descriptor.digest, from))) return;
  await upload.putBlob(descriptor.digest, { file });
}

/** Another repository of the same registry that probably has a blob, since an image with it came from there. */
function mountSources(ctx: Context, target: FullReference): (digest: string) => string | undefined {
  const prefix = `${target.registry}/`;
  const known = new Map<string, string>();
  for (const [id, entry] of Object.entries(visibleImages(ctx).images)) {
    const from = entry.names
      .map((name) => repositoryName(parseReference(name)))
      .find((name) => name.startsWith(prefix) && name !== repositoryName(target));
    if (from === undefined) continue;
    for (const { digest } of readImage(ctx, id, entry).manifest.layers)
      known.set(digest, from.slice(prefix.length));
  }
  return (digest) => known.get(digest);
}
