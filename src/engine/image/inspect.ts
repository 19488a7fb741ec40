import type { Context } from "../../host/context.ts";
import { type HistoryEntry, type ImageConfig, mediaTypes } from "../../oci/image.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { resolveEntry } from "../../storage/image-lookup.ts";
import { repoDigests, repoTags } from "../../storage/image-names.ts";
import { ImageRelations } from "../../storage/image-relations.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { getImage, layerDirectories } from "../../storage/images.ts";
import { sortedKeys } from "../container/inspect-values.ts";

/** An image as `image inspect` shows it: Podman's keys in Podman's order. */
export function inspectImage(ctx: Context, nameOrId: string): Record<string, unknown> {
  return describe(ctx, getImage(ctx, nameOrId));
}

export function imageExists(ctx: Context, nameOrId: string): boolean {
  return resolveEntry(visibleImages(ctx), nameOrId) !== undefined;
}

function describe(ctx: Context, image: StoredImage): Record<string, unknown> {
  const { config, manifest } = image;
  const manifestType = manifest.mediaType ?? mediaTypes.ociManifest;
  const docker = manifestType === mediaTypes.dockerManifest ? (config as DockerConfig) : undefined;
  const healthcheck = docker && (docker.container_config?.Healthcheck ?? docker.config?.Healthcheck);
  return {
    Id: image.id,
    Digest: image.manifestDigest,
    RepoTags: repoTags(image.names),
    RepoDigests: repoDigests(image),
    Parent: new ImageRelations(ctx, visibleImages(ctx)).parentOf(image.id) ?? "",
    Comment: (docker ? docker.comment : config.history?.[0]?.comment) ?? "",
    Created: config.created ?? null,
    Config: executionConfig(config),
    Version: (config as DockerConfig).docker_version ?? "",
    Author: config.author ?? "",
    Architecture: config.architecture,
    Os: config.os,
    Size: image.size,
    VirtualSize: image.size,
    GraphDriver: { Name: "overlay", Data: graphData(layerDirectories(ctx, image)) },
    RootFS: { Type: "layers", Layers: config.rootfs.diff_ids },
    Labels: sortedMap(config.config?.Labels ?? null),
    Annotations: sortedKeys(manifest.annotations ?? {}),
    ManifestType: manifestType,
    User: config.config?.User ?? "",
    History: config.history?.map(historyEntry) ?? null,
    NamesHistory: image.nameHistory,
    ...(healthcheck ? { Healthcheck: healthcheck } : {}),
  };
}

/** What Docker's image config has beyond OCI's. */
interface DockerConfig extends ImageConfig {
  docker_version?: string;
  comment?: string;
  container_config?: { Healthcheck?: unknown };
}

const configKeys = [
  ...["User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal"],
  "ArgsEscaped",
];

/** In Go's order and without what is empty. */
function executionConfig({ config = {} }: ImageConfig): object {
  const values = config as Record<string, unknown>;
  return Object.fromEntries(
    configKeys.filter((key) => !isEmpty(values[key])).map((key) => [key, sortedMap(values[key])]),
  );
}

function sortedMap(value: unknown): unknown {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? sortedKeys(value as Record<string, unknown>) : value;
}

function historyEntry({ created, created_by, author, comment, empty_layer }: HistoryEntry): object {
  const all = { created, created_by, author, comment, empty_layer };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return !value;
}

function graphData([upper, ...lower]: string[]): Record<string, string> {
  return {
    ...(lower.length > 0 ? { LowerDir: lower.join(":") } : {}),
    ...(upper === undefined ? {} : { UpperDir: upper, WorkDir: upper.replace(/diff$/, "work") }),
  };
}
