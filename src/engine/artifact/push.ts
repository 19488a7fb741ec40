import type { Context } from "../../host/context.ts";
import { writeUserFile } from "../../host/files.ts";
import { limited } from "../../host/limited.ts";
import { mediaTypes } from "../../oci/image.ts";
import {
  completeReference,
  type FullReference,
  parseReference,
  repositoryName,
} from "../../oci/reference.ts";
import { getArtifact } from "../../storage/artifacts.ts";
import { blobPath, readBlob } from "../../storage/blobs.ts";
import { readManifest } from "../../storage/images.ts";
import type { OnProgress } from "../image/progress.ts";
import { type RegistryAccess, registryOptions } from "../registry/options.ts";

export interface PushArtifactOptions extends RegistryAccess {
  /** Gets the digest of the manifest. */
  digestFile?: string | undefined;
  onProgress?: OnProgress | undefined;
}

/** Uploads an artifact to where its name says. */
export async function pushArtifact(ctx: Context, name: string, options: PushArtifactOptions): Promise<void> {
  const artifact = getArtifact(ctx, name);
  await uploadArtifact(ctx, completeReference(parseReference(artifact.name)), artifact.manifest, options);
  if (options.digestFile !== undefined) writeUserFile(options.digestFile, artifact.manifest);
}

/** Uploads the artifact whose manifest has this digest. */
export async function uploadArtifact(
  ctx: Context,
  reference: FullReference,
  digest: string,
  options: RegistryAccess & { onProgress?: OnProgress | undefined },
): Promise<void> {
  const manifest = readManifest(ctx, digest);
  const { RegistryUpload } = await import("../../registry/upload.ts");
  const access = await registryOptions(ctx, repositoryName(reference), options);
  const upload = new RegistryUpload(reference, access);
  const { onProgress } = options;
  onProgress?.({ type: "sources" });
  const { config, layers } = manifest;
  await limited(4, [...layers, config], async (blob) => {
    const part = { digest: blob.digest };
    onProgress?.(
      blob === config ? { type: "config", ...part } : { type: "layer", ...part, status: "started" },
    );
    if (!(await upload.hasBlob(blob.digest)))
      await upload.putBlob(blob.digest, { file: blobPath(ctx, blob.digest) });
    if (blob !== config) onProgress?.({ type: "layer", ...part, status: "done" });
  });
  onProgress?.({ type: "manifest" });
  const target = reference.digest ?? (reference.tag as string);
  await upload.putManifest(target, readBlob(ctx, digest), manifest.mediaType ?? mediaTypes.ociManifest);
}
