import { rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { digestOf } from "../../oci/digest.ts";
import { type Descriptor, type Manifest, mediaTypes } from "../../oci/image.ts";
import { listDocument } from "../../oci/manifest-list.ts";
import { parseReference } from "../../oci/reference.ts";
import { readBlob } from "../../storage/blobs.ts";
import { findImage } from "../../storage/images.ts";
import { findList } from "../../storage/manifest-lists.ts";
import { candidates } from "../registry/name.ts";
import type { RegistryAccess } from "../registry/options.ts";
import { fromSources } from "../registry/sources.ts";

/** The image or list that something is about: of the store, else of a registry. */
export async function describeSubject(
  ctx: Context,
  text: string,
  access: RegistryAccess,
): Promise<Descriptor> {
  const name = text.replace(/^(docker:\/\/|containers-storage:)/, "");
  const list = text.startsWith("docker://") ? undefined : findList(ctx, name);
  if (list) {
    const document = listDocument(list);
    return describe(document.mediaType as string, Buffer.from(JSON.stringify(document)));
  }
  const image = text.startsWith("docker://") ? undefined : findImage(ctx, name);
  if (image)
    return describe(image.manifest.mediaType ?? mediaTypes.ociManifest, readBlob(ctx, image.manifestDigest));
  const { references } = await candidates(parseReference(name), name);
  const failures: unknown[] = [];
  for (const reference of references) {
    try {
      return await fromSources(ctx, reference, access, async (client, source) => {
        const { bytes, mediaType } = await client.manifest(source.digest ?? (source.tag as string));
        return describe(mediaType ?? mediaTypes.ociManifest, bytes);
      });
    } catch (error) {
      failures.push(rephrase(error, { prefix: `locating subject ${JSON.stringify(name)}: `, exitCode: 125 }));
    }
  }
  throw failures[0];
}

function describe(mediaType: string, bytes: Buffer): Descriptor {
  const { artifactType } = JSON.parse(bytes.toString()) as Manifest;
  const isIndex = mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
  const type = isIndex || !artifactType ? {} : { artifactType };
  return { mediaType, digest: digestOf(bytes), size: bytes.length, ...type };
}
