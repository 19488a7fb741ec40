import type { ContainerConfig } from "./container.ts";
import { digestOf } from "./digest.ts";
import {
  type Descriptor,
  type ImageConfig,
  type ImageExecutionConfig,
  type Manifest,
  mediaTypes,
} from "./image.ts";
import { applyInstruction } from "./image-change.ts";
import { keyAndValue } from "./key-value.ts";
import {
  type Compression,
  canHold,
  convertManifest,
  layerCompression,
  type ManifestFormat,
} from "./manifest-format.ts";

/** The image that `commit` makes of a container, as Podman describes it. */

export interface CommitOptions {
  format: ManifestFormat;
  author?: string | undefined;
  message?: string | undefined;
  changes: readonly string[];
  /** --config: what it says is merged into the image's. */
  override?: ImageExecutionConfig | undefined;
  /** All that is mounted becomes a volume of the image, else only this. */
  includeVolumes: boolean;
  anonymousVolumes: readonly string[];
}

export interface CommittedLayer {
  descriptor: Descriptor;
  diffID: string;
  compression: Compression;
}

/** Those of the container's image that stay, and the new one. */
export function committedLayers(
  base: { config: ImageConfig; manifest: Manifest } | undefined,
  added: CommittedLayer,
): CommittedLayer[] {
  const kept = (base?.manifest.layers ?? []).map((descriptor, i) => ({
    descriptor,
    diffID: base?.config.rootfs.diff_ids[i] as string,
    compression: layerCompression(descriptor) ?? "gzip",
  }));
  return [...kept, added];
}

/** A layer that the format has no media type for, if there is one. */
export function layerNotInFormat(
  layers: readonly CommittedLayer[],
  format: ManifestFormat,
): CommittedLayer | undefined {
  return layers.find(({ compression }) => !canHold(format, compression));
}

/** `squashed`: the image's own history says nothing about the one layer that there is. */
export function describeCommit(
  base: ImageConfig,
  container: ContainerConfig,
  layers: readonly CommittedLayer[],
  options: CommitOptions & { created: string; squashed: boolean },
): { config: Buffer; manifest: Buffer } {
  const author = options.author || base.author;
  const entry = {
    created: options.created,
    created_by: shellOf(base.config),
    ...(author ? { author } : {}),
    comment: `FROM ${container.image?.name ?? ""}`,
  };
  const description = {
    created: options.created,
    ...(author ? { author } : {}),
    architecture: base.architecture,
    ...(base.variant === undefined ? {} : { variant: base.variant }),
    os: base.os,
    // Only Docker's format has a place for it.
    ...(options.format === "v2s2" && options.message ? { comment: options.message } : {}),
    config: executionConfig(base.config ?? {}, container, options),
    rootfs: { type: "layers", diff_ids: layers.map(({ diffID }) => diffID) },
    history: [...(options.squashed ? [] : (base.history ?? [])), entry],
  };
  const config = Buffer.from(JSON.stringify(description));
  const manifest = convertManifest(
    {
      schemaVersion: 2,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [],
    },
    options.format,
    layers,
  );
  return { config, manifest: Buffer.from(JSON.stringify(manifest)) };
}

function shellOf(config: ImageExecutionConfig = {}): string {
  const { Shell } = config as { Shell?: string[] | null };
  return Shell?.join(" ") || "/bin/sh";
}

/** The container's, where it differs from its image's; then --config, then --change. */
function executionConfig(
  base: ImageExecutionConfig,
  container: ContainerConfig,
  { changes, override, includeVolumes, anonymousVolumes }: CommitOptions,
): ImageExecutionConfig {
  const config: ImageExecutionConfig = {
    ...base,
    Entrypoint: container.entrypoint.length > 0 ? container.entrypoint : null,
    Cmd: container.command.length > 0 ? container.command : null,
    Env: Object.entries(container.env).map(([key, value]) => `${key}=${value}`),
    ExposedPorts: withKeys(base.ExposedPorts, [
      ...container.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`),
      ...container.exposed,
    ]),
    Labels: { ...base.Labels, ...container.labels },
    WorkingDir: container.workdir,
    ...(container.user ? { User: container.user } : {}),
    Volumes: withKeys(
      base.Volumes,
      includeVolumes ? container.mounts.map(({ destination }) => destination) : anonymousVolumes,
    ),
  };
  merge(config, override ?? {});
  for (const change of changes) applyInstruction(config, change);
  return withoutEmpty(config);
}

function withKeys(
  map: Record<string, object> | null | undefined,
  keys: readonly string[],
): Record<string, object> {
  return { ...map, ...Object.fromEntries(keys.map((key) => [key, {}])) };
}

/** Maps and the environment are merged, the rest is replaced. */
function merge(config: ImageExecutionConfig, override: ImageExecutionConfig): void {
  for (const [key, value] of Object.entries(withoutEmpty(override))) {
    const target = config as Record<string, unknown>;
    if (key === "Env") config.Env = mergeEnv(config.Env ?? [], value as string[]);
    else if (typeof value === "object" && !Array.isArray(value)) {
      target[key] = { ...(target[key] as object | null), ...value };
    } else target[key] = value;
  }
}

function mergeEnv(env: readonly string[], more: readonly string[]): string[] {
  const keyOf = (entry: string) => keyAndValue(entry)[0];
  const map = new Map(env.map((entry) => [keyOf(entry), entry]));
  for (const entry of more) map.set(keyOf(entry), entry);
  return [...map.values()];
}

function withoutEmpty(config: ImageExecutionConfig): ImageExecutionConfig {
  const isEmpty = (value: unknown) =>
    !value || (typeof value === "object" && Object.keys(value as object).length === 0);
  return Object.fromEntries(Object.entries(config).filter(([, value]) => !isEmpty(value)));
}
