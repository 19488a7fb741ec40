import type { Context } from "../../host/context.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest } from "../../oci/image.ts";
import { listDocument, listFormat } from "../../oci/manifest-list.ts";
import { blobPath, readBlob } from "../../storage/blobs.ts";
import type { OutgoingImage, OutgoingManifest } from "../../storage/image-archive-writer.ts";
import type { StoredList } from "../../storage/manifest-lists.ts";
import { prepareImage } from "../image/outgoing.ts";
import { type CopyListOptions, copyInstances } from "./copies.ts";
import { fetchInstance } from "./copy.ts";
import { locateInstance } from "./instance.ts";

/** A list as files, with its images if they are to go along; those that aren't in the store are fetched into `staging`. */
export async function prepareList(
  ctx: Context,
  staging: string,
  list: StoredList,
  options: CopyListOptions,
): Promise<OutgoingImage> {
  const blobs = new Map<string, string>();
  const manifests: OutgoingManifest[] = [];
  const instances = await copyInstances(list, options, async (instance, conversion) => {
    const found = locateInstance(ctx, instance, conversion);
    const prepared =
      "image" in found
        ? await prepareImage(ctx, staging, found.image, conversion)
        : "artifact" in found
          ? artifactFiles(ctx, instance.descriptor, found.artifact)
          : await fetchInstance(ctx, staging, instance.descriptor, found.source, conversion);
    for (const blob of prepared.blobs) blobs.set(blob.digest, blob.file);
    manifests.push(prepared.manifest);
    return { ...instance, descriptor: described(instance.descriptor, prepared.manifest) };
  });
  const document = listDocument({ ...list, instances }, options.format ?? listFormat({ ...list, instances }));
  return {
    names: [],
    manifest: {
      bytes: Buffer.from(JSON.stringify(document)),
      mediaType: document.mediaType as string,
    },
    instances: manifests,
    blobs: [...blobs].map(([digest, file]) => ({ digest, file })),
  };
}

function artifactFiles(
  ctx: Context,
  { digest, mediaType }: Descriptor,
  { layers, config }: Manifest,
): Pick<OutgoingImage, "manifest" | "blobs"> {
  const blobs = [...layers, config].map((blob) => ({
    digest: blob.digest,
    file: blobPath(ctx, blob.digest),
  }));
  return { manifest: { bytes: readBlob(ctx, digest), mediaType }, blobs };
}

function described(descriptor: Descriptor, { bytes, mediaType }: OutgoingManifest): Descriptor {
  return { ...descriptor, mediaType, digest: digestOf(bytes), size: bytes.length };
}
