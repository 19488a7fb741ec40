import type { Context } from "../../host/context.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest } from "../../oci/image.ts";
import { type ListInstance, listDocument, listFormat } from "../../oci/manifest-list.ts";
import { blobPath, readBlob } from "../../storage/blobs.ts";
import type { OutgoingImage, OutgoingManifest } from "../../storage/image-archive-writer.ts";
import type { StoredList } from "../../storage/manifest-lists.ts";
import { prepareImage } from "../image/outgoing.ts";
import type { PushOptions } from "../image/push.ts";
import { fetchInstance } from "./copy.ts";
import { locateInstance } from "./instance.ts";

/** A list as files, with its images if they are to go along; those that aren't in the store are fetched into `staging`. */
export async function prepareList(
  ctx: Context,
  staging: string,
  list: StoredList,
  options: PushOptions & { all: boolean },
): Promise<OutgoingImage> {
  const { all, onProgress, format = listFormat(list) } = options;
  const blobs = new Map<string, string>();
  const manifests: OutgoingManifest[] = [];
  const count = list.instances.length;
  onProgress?.({ type: "list", text: `Copying ${all ? count : 0} of ${count} images in list` });
  const instances: ListInstance[] = [];
  for (const [i, instance] of list.instances.entries()) {
    if (!all) {
      instances.push(instance);
      continue;
    }
    const { digest } = instance.descriptor;
    onProgress?.({ type: "list", text: `Copying image ${digest} (${i + 1}/${count})` });
    const found = locateInstance(ctx, instance, options.format);
    const prepared =
      "image" in found
        ? await prepareImage(ctx, staging, found.image, options)
        : "artifact" in found
          ? artifactFiles(ctx, instance.descriptor, found.artifact)
          : await fetchInstance(ctx, staging, instance.descriptor, found.source, options);
    for (const blob of prepared.blobs) blobs.set(blob.digest, blob.file);
    manifests.push(prepared.manifest);
    instances.push({ ...instance, descriptor: described(instance.descriptor, prepared.manifest) });
  }
  onProgress?.({ type: "list", text: "Writing manifest list to image destination" });
  const document = listDocument({ ...list, instances }, format);
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
