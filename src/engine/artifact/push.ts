import type { Context } from "../../host/context.ts";
import { writeUserFile } from "../../host/files.ts";
import { limited } from "../../host/limited.ts";
import { mediaTypes } from "../../oci/image.ts";
import { completeReference, parseReference, repositoryName } from "../../oci/reference.ts";
import { artifactManifest, getArtifact } from "../../storage/artifacts.ts";
import { blobPath, readBlob } from "../../storage/blobs.ts";
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
  const manifest = artifactManifest(ctx, artifact);
  const reference = completeReference(parseReference(artifact.name));
  const { RegistryUpload } = await import("../../registry/upload.ts");
  const access = await registryOptions(ctx, repositoryName(reference), options);
  const upload = new RegistryUpload(reference, access);
  const { onProgress } = options;
  onProgress?.({ type: "sources" });
  const { config, layers } = manifest;
  await limited(4, [...layers, config], async (blob) => {
    const { digest } = blob;
    onProgress?.(blob === config ? { type: "config", digest } : { type: "layer", digest, status: "started" });
    if (!(await upload.hasBlob(digest))) await upload.putBlob(digest, { file: blobPath(ctx, digest) });
    if (blob !== config) onProgress?.({ type: "layer", digest, status: "done" });
  });
  onProgress?.({ type: "manifest" });
  const bytes = readBlob(ctx, artifact.manifest);
  const target = reference.digest ?? (reference.tag as string);
  await upload.putManifest(target, bytes, manifest.mediaType ?? mediaTypes.ociManifest);
  if (options.digestFile !== undefined) writeUserFile(options.digestFile, artifact.manifest);
}
