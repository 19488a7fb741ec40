import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { type Manifest, mediaTypes } from "../../oci/image.ts";
import type { ListInstance } from "../../oci/manifest-list.ts";
import { visibleImages } from "../../storage/image-index.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { getImage, readManifest } from "../../storage/images.ts";
import type { Conversion } from "../image/outgoing.ts";

/**
 * Where an image of a list is: in the store, or in a repository of a registry, from where it goes as it is; and so does
 * an artifact of the list's own.
 */
export function locateInstance(
  ctx: Context,
  { descriptor, source, files }: ListInstance,
  { format, compression, force }: Conversion,
): { image: StoredImage } | { source: string } | { artifact: Manifest } {
  const { digest } = descriptor;
  if (files !== undefined) return { artifact: readManifest(ctx, digest) };
  const index = visibleImages(ctx);
  const id = Object.entries(index.images).find(([, { manifest }]) => manifest === digest)?.[0];
  if (id !== undefined) return { image: getImage(ctx, id) };
  if (source === null) {
    throw new EngineError("image-not-known", `image ${digest} of the list is no longer in the store`, {
      hint: `pull or load it again, or \`coracle manifest remove\` it from the list`,
    });
  }
  const isOci = descriptor.mediaType === mediaTypes.ociManifest;
  if (format !== undefined && isOci !== (format === "oci")) {
    throw new EngineError(
      "not-supported",
      `image ${digest} of the list is in ${source}, and can't be converted to ${format} on the way`,
      { hint: "pull it and add it from the store, or push without --format" },
    );
  }
  if (compression !== undefined && force) {
    throw new EngineError(
      "not-supported",
      `image ${digest} of the list is in ${source}, and can't be compressed by ${compression} on the way`,
      { hint: "pull it and add it from the store" },
    );
  }
  return { source };
}
