import { EngineError } from "../errors.ts";
import { type Descriptor, type Manifest, mediaTypes } from "./image.ts";

/** The two families of media types that one manifest can be written in. */
export type ManifestFormat = "oci" | "v2s2";

export type Compression = "none" | "gzip" | "zstd";

const layerTypes: Record<ManifestFormat, Partial<Record<Compression, string>>> = {
  oci: { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd },
  v2s2: { none: mediaTypes.dockerLayer, gzip: mediaTypes.dockerLayerGzip },
};

/** `--format` of push: v2s1 has been given up by everybody. */
export function parseManifestFormat(text: string): ManifestFormat {
  if (text === "oci" || text === "v2s2") return text;
  throw new EngineError(
    "bad-argument",
    `unknown format "${text}". Choose one of the supported formats: 'oci' or 'v2s2'`,
  );
}

/** `--compression-format`, or what containers.conf has for it, which doesn't hold where it can't. */
export function parsePushCompression(
  text: string | undefined,
  { format, isConfigured }: { format: ManifestFormat | undefined; isConfigured: boolean },
): Exclude<Compression, "none"> | undefined {
  if (text === undefined || (isConfigured && format === "v2s2")) return undefined;
  // The same without the table that lets parts of a layer be fetched, which nobody depends on.
  if (isConfigured && text === "zstd:chunked") return "zstd";
  return parseCompression(text);
}

export function parseCompression(text: string): Exclude<Compression, "none"> {
  if (text === "gzip" || text === "zstd") return text;
  const name = JSON.stringify(text);
  const isKnown = ["zstd:chunked", "bzip2", "xz"].includes(text);
  throw new EngineError(
    "not-supported",
    isKnown ? `compression format ${name} is not supported yet` : `cannot find compressor for ${name}`,
    { hint: "use gzip or zstd" },
  );
}

/** `--compression-level`, as the layer tool takes it: what zlib doesn't know is refused, zstd's are brought into range. */
export function compressionLevel(
  compression: Exclude<Compression, "none"> | undefined,
  level: number | undefined,
): number | undefined {
  if (level === undefined) return undefined;
  if (compression === "zstd") return Math.min(Math.max(level, 1), 22);
  if (level < -2 || level > 9) {
    throw new EngineError(
      "bad-argument",
      `writing blob: happened during read: gzip: invalid compression level: ${level}`,
      { hint: "gzip has levels from 1 to 9" },
    );
  }
  // -1 is the default, and -2 Go's name for the fastest.
  return level === -1 ? undefined : Math.max(level, 1);
}

export function formatOf(manifest: Manifest): ManifestFormat {
  return manifest.config.mediaType === mediaTypes.dockerConfig ? "v2s2" : "oci";
}

/** What an image is written in where nothing says so: its own, unless the compression asked for needs the other. */
export function outgoingFormat(
  manifest: Manifest,
  { format, compression }: { format?: ManifestFormat | undefined; compression?: Compression | undefined },
): ManifestFormat {
  if (format !== undefined) return format;
  const own = formatOf(manifest);
  return compression === undefined || canHold(own, compression) ? own : "oci";
}

/** What the media type says; undefined for one that is no layer of an image. */
export function layerCompression({ mediaType }: Descriptor): Compression | undefined {
  for (const types of Object.values(layerTypes)) {
    for (const [compression, type] of Object.entries(types)) {
      if (type === mediaType) return compression as Compression;
    }
  }
  return undefined;
}

/** Docker's family knows no zstd. */
export function canHold(format: ManifestFormat, compression: Compression): boolean {
  return layerTypes[format][compression] !== undefined;
}

/** The same image, described in `format`; its layers are in these compressions. */
export function convertManifest(
  manifest: Manifest,
  format: ManifestFormat,
  layers: readonly { descriptor: Descriptor; compression: Compression }[],
): Manifest {
  const { annotations } = manifest;
  return {
    schemaVersion: 2,
    mediaType: format === "oci" ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
    config: {
      ...manifest.config,
      mediaType: format === "oci" ? mediaTypes.ociConfig : mediaTypes.dockerConfig,
    },
    layers: layers.map(({ descriptor, compression }) => ({
      ...descriptor,
      mediaType: layerTypes[format][compression] as string,
    })),
    ...(annotations && format === "oci" ? { annotations } : {}),
  };
}
