import type { Context } from "../../host/context.ts";
import { mediaTypes } from "../../oci/image.ts";
import { type ImageEntry, readImageIndex } from "../../storage/image-index.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { layerDirectories, readImage, resolveImage, unknownImage } from "../../storage/images.ts";

/** An image as `image inspect` shows it: Podman's keys in Podman's order. */
export function inspectImage(ctx: Context, nameOrId: string): Record<string, unknown> {
  const index = readImageIndex(ctx);
  const id = resolveImage(index, nameOrId)?.id;
  if (id === undefined) throw unknownImage(nameOrId);
  return describe(ctx, readImage(ctx, id, index.images[id] as ImageEntry));
}

export function imageExists(ctx: Context, nameOrId: string): boolean {
  return resolveImage(readImageIndex(ctx), nameOrId) !== undefined;
}

function describe(ctx: Context, image: StoredImage): Record<string, unknown> {
  const { config, manifest } = image;
  const last = config.history?.at(-1);
  return {
    Id: image.id,
    Digest: image.manifestDigest,
    RepoTags: image.names,
    RepoDigests: image.repoDigests,
    Parent: "",
    Comment: last?.comment ?? "",
    Created: config.created ?? image.storedAt,
    Config: config.config ?? {},
    Version: (config as { docker_version?: string }).docker_version ?? "",
    Author: config.author ?? last?.author ?? "",
    Architecture: config.architecture,
    Os: config.os,
    Size: image.size,
    VirtualSize: image.size,
    GraphDriver: { Name: "overlay", Data: graphData(layerDirectories(ctx, image)) },
    RootFS: { Type: "layers", Layers: config.rootfs.diff_ids },
    Labels: config.config?.Labels ?? null,
    Annotations: manifest.annotations ?? {},
    ManifestType: manifest.mediaType ?? mediaTypes.ociManifest,
    User: config.config?.User ?? "",
    History: config.history ?? [],
    NamesHistory: image.names,
    ...(config.config?.Healthcheck ? { Healthcheck: config.config.Healthcheck } : {}),
  };
}

function graphData([upper, ...lower]: string[]): Record<string, string> {
  return {
    ...(lower.length > 0 ? { LowerDir: lower.join(":") } : {}),
    ...(upper === undefined ? {} : { UpperDir: upper, WorkDir: upper.replace(/diff$/, "work") }),
  };
}
