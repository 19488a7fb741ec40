import { digestOf } from "./digest.ts";
import { type Descriptor, type Index, mediaTypes, type Platform } from "./image.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";
import type { Compression, ManifestFormat } from "./manifest-format.ts";

/** Lists of images that are put together here, as `manifest create` and the others do. */

export interface ListInstance {
  descriptor: Descriptor;
  /** The repository of a registry (`host/name`) that it is in; null for an image of the store. */
  source: string | null;
  /** Of an artifact that was made for the list: what files it was made of. Its blobs are in the store. */
  files?: readonly string[];
}

/** What can be said of an instance that its image doesn't say itself. */
export interface InstanceChange {
  os?: string | undefined;
  architecture?: string | undefined;
  variant?: string | undefined;
  osVersion?: string | undefined;
  osFeatures?: readonly string[] | undefined;
  features?: readonly string[] | undefined;
  annotations?: Record<string, string> | undefined;
}

export function changeInstance(descriptor: Descriptor, change: InstanceChange): Descriptor {
  const { os, architecture, variant, osVersion, osFeatures = [], features = [] } = change;
  const annotations = { ...descriptor.annotations, ...change.annotations };
  const platform: Platform = {
    ...(descriptor.platform ?? { architecture: "", os: "" }),
    ...(os === undefined ? {} : { os }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { "os.version": osVersion }),
    ...(osFeatures.length === 0 ? {} : { "os.features": [...osFeatures] }),
    ...(features.length === 0 ? {} : { features: [...features] }),
  };
  return {
    ...descriptor,
    ...(isKnown(platform) ? { platform } : {}),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

/** An image stands in a list once: what is added again takes the place of what was there. */
export function putInstance(instances: readonly ListInstance[], added: ListInstance): ListInstance[] {
  const digest = added.descriptor.digest;
  const at = instances.findIndex((instance) => instance.descriptor.digest === digest);
  return at < 0 ? [...instances, added] : instances.with(at, added);
}

type Variant = Exclude<Compression, "none">;

const zstdAnnotation = "io.github.containers.compression.zstd";

/**
 * The images of a list, each followed by itself for the compressions that its platform isn't there in yet. What isn't said
 * to be in another one is in gzip. Artifacts are what they are.
 */
export function withVariants(
  instances: readonly ListInstance[],
  compressions: readonly Variant[],
): { instance: ListInstance; compression?: Variant }[] {
  const platformOf = ({ descriptor: { platform } }: ListInstance) => {
    const { architecture, os, variant, "os.version": version, "os.features": features } = platform ?? {};
    return JSON.stringify([architecture, os, variant, version, features?.toSorted()]);
  };
  const compressionOf = ({ descriptor }: ListInstance) =>
    descriptor.annotations?.[zstdAnnotation] === "true" ? "zstd" : "gzip";
  const there = new Set(instances.map((instance) => platformOf(instance) + compressionOf(instance)));
  return instances.flatMap((instance) => {
    const missing = compressions.filter((compression) => {
      const key = platformOf(instance) + compression;
      if (instance.files !== undefined || there.has(key)) return false;
      there.add(key);
      return true;
    });
    const variants = missing.map((compression) => ({
      instance: compression === "zstd" ? annotated(instance, { [zstdAnnotation]: "true" }) : instance,
      compression,
    }));
    return [{ instance }, ...variants];
  });
}

function annotated(instance: ListInstance, annotations: Record<string, string>): ListInstance {
  return { ...instance, descriptor: changeInstance(instance.descriptor, { annotations }) };
}

export interface ManifestList {
  instances: readonly ListInstance[];
  annotations?: Record<string, string> | undefined;
  subject?: Descriptor | undefined;
}

/** Only OCI's format knows annotations, artifacts and subjects, only Docker's features of a platform. */
export function listFormat({ instances, annotations = {}, subject }: ManifestList): ManifestFormat {
  const isOci =
    subject !== undefined ||
    Object.keys(annotations).length > 0 ||
    instances.some(({ descriptor }) => descriptor.annotations || descriptor.artifactType);
  if (isOci) return "oci";
  const isDocker = instances.some(({ descriptor }) => descriptor.platform?.features !== undefined);
  return isDocker || instances.length === 0 ? "v2s2" : "oci";
}

function isKnown(platform: Platform | undefined): platform is Platform {
  return platform !== undefined && Object.values(platform).some((value) => value.length > 0);
}

/** The list as registries have it. */
export function listDocument(list: ManifestList, format = listFormat(list)): Index {
  const manifests = list.instances.map(({ descriptor }) => {
    const { mediaType, digest, size, platform, annotations, artifactType } = descriptor;
    const common = { mediaType, digest, size, ...(isKnown(platform) ? { platform } : {}) };
    if (format === "v2s2") return common;
    return { ...common, ...(annotations ? { annotations } : {}), ...(artifactType ? { artifactType } : {}) };
  });
  const { annotations = {}, subject } = list;
  if (format === "v2s2") return { schemaVersion: 2, mediaType: mediaTypes.dockerManifestList, manifests };
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests,
    ...(subject ? { subject } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

/** The list as `manifest inspect` shows it: both formats in one, and in Podman's order. */
export function shownList(list: ManifestList): object {
  const manifests = list.instances.map(({ descriptor, files }) => shown(descriptor, files));
  const { annotations = {}, subject } = list;
  return {
    schemaVersion: 2,
    mediaType: listFormat(list) === "oci" ? mediaTypes.ociIndex : mediaTypes.dockerManifestList,
    manifests: manifests.length === 0 ? null : manifests,
    ...(subject ? { subject: shown(subject) } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

function shown(descriptor: Descriptor, files?: readonly string[]): object {
  const { mediaType, size, digest, platform, annotations, artifactType } = descriptor;
  return {
    mediaType,
    size,
    digest,
    platform: platform ?? { architecture: "", os: "" },
    ...(annotations ? { annotations } : {}),
    ...(artifactType ? { artifactType } : {}),
    ...(files ? { files } : {}),
  };
}

/** Digest and size by which `images` knows it. */
export function listIdentity(list: ManifestList): { digest: string; size: number } {
  const text = JSON.stringify(shownList(list));
  const sources = Object.fromEntries(
    list.instances.map(({ descriptor, source }) => [descriptor.digest, source]),
  );
  return { digest: digestOf(text), size: text.length + JSON.stringify(sources).length };
}

/** `KEY=VALUE` of --annotation. */
export function parseAnnotations(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [key, value] = keyAndValue(text);
      if (value === undefined) throw invalid(`no value given for annotation ${JSON.stringify(text)}`);
      return [key, value];
    }),
  );
}
