import { EngineError } from "../errors.ts";
import { digestOf } from "./digest.ts";
import { type Descriptor, type Manifest, mediaTypes } from "./image.ts";

export const titleAnnotation = "org.opencontainers.image.title";
export const createdAnnotation = "org.opencontainers.image.created";

/** The configuration of what has none (image-spec, "Guidance for an Empty Descriptor"). */
export const emptyConfig: Descriptor = {
  mediaType: "application/vnd.oci.empty.v1+json",
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  size: 2,
  data: "e30=",
};

export function newArtifact(
  layers: readonly Descriptor[],
  annotations: Readonly<Record<string, string>>,
  artifactType?: string,
): Manifest {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: emptyConfig,
    layers: [...layers],
    annotations: { ...annotations },
  };
}

/** Two of an artifact's files can't have one title; what a file is called by itself counts as well. */
export function checkTitles(old: readonly Descriptor[], names: readonly string[], given?: string): void {
  const titles = new Set(old.map(({ annotations }) => annotations?.[titleAnnotation]));
  const seen = new Set(titles);
  for (const name of names) {
    if (seen.has(name)) throw new EngineError("name-in-use", `${name}: file already exists in artifact`);
    seen.add(name);
  }
  if (given !== undefined && (titles.has(given) || names.length > 1)) {
    throw new EngineError(
      "name-in-use",
      `duplicate layers ${titleAnnotation} labels within an artifact not allowed`,
      { hint: "add the files one by one, each with a title of its own" },
    );
  }
}

/** What `manifest add` makes of files; what isn't given is as ORAS has it. */
export interface ListArtifact {
  layers: readonly Descriptor[];
  type?: string | undefined;
  config?: { type?: string | undefined; data?: Buffer | undefined };
  subject?: Descriptor | undefined;
  annotations?: Record<string, string>;
}

export function newListArtifact(artifact: ListArtifact): Manifest {
  const { layers, type = "application/vnd.unknown.artifact.v1", config = {}, subject } = artifact;
  const { annotations = {} } = artifact;
  const data = config.data?.length ? config.data : undefined;
  const mediaType = config.type || (data ? mediaTypes.ociConfig : emptyConfig.mediaType);
  const content = data
    ? { digest: digestOf(data), size: data.length, data: data.toString("base64") }
    : { digest: emptyConfig.digest, size: emptyConfig.size, data: emptyConfig.data as string };
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(type === "" ? {} : { artifactType: type }),
    config: { mediaType, ...content },
    layers: [...layers],
    ...(subject ? { subject } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

/** Those that Go knows by themselves. */
const extensions: Record<string, string> = {
  avif: "image/avif",
  css: "text/css",
  gif: "image/gif",
  htm: "text/html",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript",
  json: "application/json",
  mjs: "text/javascript",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  wasm: "application/wasm",
  webp: "image/webp",
  xml: "text/xml",
};

/** The media type of a file by its name, else by its first bytes; without parameters. */
export function fileType(name: string, start: Uint8Array): string {
  const extension = /\.([^.]*)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const known = Object.hasOwn(extensions, extension) ? extensions[extension] : undefined;
  return known ?? (detectContentType(start).split(";")[0] as string);
}

/** Beginnings of files by which Go's http.DetectContentType knows them, those that artifacts are likely to have. */
const signatures: [hex: string, type: string][] = [
  ["1f8b08", "application/x-gzip"],
  ["504b0304", "application/zip"],
  ["255044462d", "application/pdf"],
  ["89504e470d0a1a0a", "image/png"],
  ["ffd8ff", "image/jpeg"],
  ["474946383761", "image/gif"],
  ["474946383961", "image/gif"],
  ["0061736d", "application/wasm"],
];

/** The media type of a file by its first 512 bytes. */
export function detectContentType(start: Uint8Array): string {
  const hex = Buffer.from(start).toString("hex");
  const known = signatures.find(([signature]) => hex.startsWith(signature));
  if (known) return known[1];
  const isBinary = start.some(
    (byte) =>
      byte <= 0x08 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f),
  );
  return isBinary ? "application/octet-stream" : "text/plain; charset=utf-8";
}
