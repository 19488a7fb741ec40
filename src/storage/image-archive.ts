import { EngineError } from "../errors.ts";
import { digestHex, digestOf } from "../oci/digest.ts";
import { type Descriptor, type Index, type Manifest, mediaTypes, type Platform } from "../oci/image.ts";
import { maxConfigSize, maxManifestSize, parseImageConfig, parseManifest } from "../oci/image-manifest.ts";
import { chooseManifest } from "../oci/image-platform.ts";
import { type Archive, type ArchiveEntry, compressionOf, digestOfPart, peek, readEntry } from "./archive.ts";
import type { WantedLayer } from "./layer-import.ts";

/** Reading the images of an archive: OCI image layout, or what `docker save` writes. */

export interface ArchivedImage {
  /** As the archive has them, not normalized; empty where it has none. */
  names: string[];
  manifest: Uint8Array;
  config: Uint8Array;
  layers: WantedLayer[];
  /** Digests it may be called by: of the manifest, and of the index around it. */
  digests: string[];
}

export function readArchivedImages(archive: Archive, wanted: Platform): ArchivedImage[] {
  if (archive.has("oci-layout")) return readOciImages(archive, wanted);
  if (archive.isDirectory) {
    if (archive.has("version")) return [readDirectoryImage(archive, wanted)];
    throw new EngineError("no-archive", `${archive.name} is a directory without an image`, {
      hint: "give an archive file, an OCI image layout, or what was pushed to dir:",
    });
  }
  if (archive.has("manifest.json")) return readDockerImages(archive);
  throw corrupt(archive, "it has neither an OCI image layout nor a Docker manifest.json", {
    hint: "`coracle import` makes an image from the tar of a root filesystem",
  });
}

function corrupt(archive: Archive, reason: string, options: { hint?: string } = {}): EngineError {
  return new EngineError("corrupt-archive", `${archive.name} holds no usable image: ${reason}`, options);
}

function mustRead(archive: Archive, name: string, maxSize: number): Buffer {
  const bytes = readEntry(archive, name, maxSize);
  if (!bytes) throw corrupt(archive, `${name} is missing`);
  return bytes;
}

function readJsonEntry(archive: Archive, name: string): unknown {
  try {
    return JSON.parse(mustRead(archive, name, maxManifestSize).toString("utf8"));
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw corrupt(archive, `${name} is not valid JSON`);
  }
}

const refName = "org.opencontainers.image.ref.name";
const containerdName = "io.containerd.image.name";

function readOciImages(archive: Archive, wanted: Platform): ArchivedImage[] {
  const parsed = parseManifest(
    mustRead(archive, "index.json", maxManifestSize),
    `${archive.name}: index.json`,
  );
  if (parsed.kind !== "index") throw corrupt(archive, "index.json is not an index");
  // Manifests of one name are one image for several platforms; one manifest may have several names.
  const byName = new Map<string, Descriptor[]>();
  for (const descriptor of parsed.index.manifests) {
    const name = descriptor.annotations?.[containerdName] ?? descriptor.annotations?.[refName] ?? "";
    byName.set(name, [...(byName.get(name) ?? []), descriptor]);
  }
  const images = new Map<string, ArchivedImage>();
  for (const [name, manifests] of byName) {
    const isOne =
      manifests.length === 1 || name !== "" || manifests.some(({ platform }) => platform !== undefined);
    for (const group of isOne ? [manifests] : manifests.map((manifest) => [manifest])) {
      const image = readOciImage(archive, { schemaVersion: 2, manifests: group }, wanted);
      const key = digestOf(image.manifest);
      const known = images.get(key) ?? image;
      if (name !== "") known.names.push(name);
      known.digests = [...new Set([...known.digests, ...image.digests])];
      images.set(key, known);
    }
  }
  return [...images.values()];
}

function readOciImage(archive: Archive, index: Index, wanted: Platform): ArchivedImage {
  const digests: string[] = [];
  let descriptor =
    index.manifests.length === 1
      ? (index.manifests[0] as Descriptor)
      : chooseManifest(index, wanted, archive.name);
  for (let depth = 0; depth < 3; depth++) {
    const bytes = readBlobEntry(archive, descriptor, maxManifestSize);
    const parsed = parseManifest(bytes, `${archive.name}: ${descriptor.digest}`, descriptor.mediaType);
    digests.push(descriptor.digest);
    if (parsed.kind === "manifest")
      return { names: [], digests, ...readLayers(archive, bytes, parsed.manifest) };
    descriptor = chooseManifest(parsed.index, wanted, archive.name);
  }
  throw corrupt(archive, "its indexes are nested too deep");
}

function readLayers(
  archive: Archive,
  bytes: Buffer,
  manifest: Manifest,
): Omit<ArchivedImage, "names" | "digests"> {
  const config = readBlobEntry(archive, manifest.config, maxConfigSize);
  const { rootfs } = parseImageConfig(config, archive.name, manifest.layers.length);
  const layers = manifest.layers.map((descriptor, i) => {
    const { fd, offset } = blobEntry(archive, descriptor);
    return { descriptor, diffID: rootfs.diff_ids[i] as string, source: { fd, offset } };
  });
  return { manifest: bytes, config, layers };
}

function blobName(archive: Archive, digest: string): string {
  return archive.has("oci-layout") ? `blobs/sha256/${digestHex(digest)}` : digestHex(digest);
}

function blobEntry(archive: Archive, { digest, size }: Descriptor): ArchiveEntry {
  const entry = archive.get(blobName(archive, digest));
  if (!entry) throw corrupt(archive, `blob ${digest} is missing`);
  if (entry.size !== size) {
    throw new EngineError(
      "size-mismatch",
      `${archive.name}: blob ${digest} has ${entry.size} bytes instead of ${size}`,
    );
  }
  return entry;
}

function readBlobEntry(archive: Archive, descriptor: Descriptor, maxSize: number): Buffer {
  blobEntry(archive, descriptor);
  const bytes = mustRead(archive, blobName(archive, descriptor.digest), maxSize);
  const found = digestOf(bytes);
  if (found === descriptor.digest) return bytes;
  throw new EngineError("digest-mismatch", `${archive.name}: blob ${descriptor.digest} has digest ${found}`);
}

/** What the transport `dir:` writes: one manifest, or a list with its manifests, and all blobs beside it. */
function readDirectoryImage(archive: Archive, wanted: Platform): ArchivedImage {
  let bytes = mustRead(archive, "manifest.json", maxManifestSize);
  let parsed = parseManifest(bytes, `${archive.name}: manifest.json`);
  const digests = [digestOf(bytes)];
  if (parsed.kind === "index") {
    const { digest, mediaType } = chooseManifest(parsed.index, wanted, archive.name);
    const name = `${digestHex(digest)}.manifest.json`;
    bytes = mustRead(archive, name, maxManifestSize);
    if (digestOf(bytes) !== digest)
      throw new EngineError("digest-mismatch", `${archive.name}: ${name} has digest ${digestOf(bytes)}`);
    digests.push(digest);
    parsed = parseManifest(bytes, `${archive.name}: ${name}`, mediaType);
  }
  if (parsed.kind === "index") throw corrupt(archive, "its indexes are nested too deep");
  return { names: [], digests, ...readLayers(archive, bytes, parsed.manifest) };
}

interface DockerEntry {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[] | null;
}

/** `docker save`: configs and (mostly uncompressed) layers without descriptors. They get an OCI manifest. */
function readDockerImages(archive: Archive): ArchivedImage[] {
  const list = readJsonEntry(archive, "manifest.json");
  if (!Array.isArray(list) || !list.every(isDockerEntry))
    throw corrupt(archive, "manifest.json is not a list of images");
  return list.map((entry) => readDockerImage(archive, entry));
}

function isDockerEntry(value: unknown): value is DockerEntry {
  const { Config, RepoTags, Layers } = (value ?? {}) as Record<string, unknown>;
  const isList = (list: unknown) =>
    list === null ||
    list === undefined ||
    (Array.isArray(list) && list.every((item) => typeof item === "string"));
  return typeof Config === "string" && isList(RepoTags) && isList(Layers);
}

function readDockerImage(archive: Archive, entry: DockerEntry): ArchivedImage {
  const config = mustRead(archive, entry.Config, maxConfigSize);
  const files = entry.Layers ?? [];
  const { rootfs } = parseImageConfig(config, archive.name, files.length);
  const layers = files.map((file, i) => dockerLayer(archive, file, rootfs.diff_ids[i] as string));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: layers.map(({ descriptor }) => descriptor),
    } satisfies Manifest),
  );
  return { names: entry.RepoTags ?? [], manifest, config, layers, digests: [digestOf(manifest)] };
}

export const layerTypes = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

function dockerLayer(archive: Archive, file: string, diffID: string): WantedLayer {
  const entry = archive.get(file);
  if (!entry) throw corrupt(archive, `layer ${file} is missing`);
  const compression = compressionOf(peek(entry.fd, entry.offset));
  if (compression === "xz" || compression === "bzip2") {
    throw corrupt(archive, `layer ${file} is compressed with ${compression}, which images can't be`);
  }
  // An uncompressed layer's digest is its diffID, which is verified while unpacking.
  const digest = compression === "none" ? diffID : digestOfPart(entry.fd, entry);
  return {
    descriptor: { mediaType: layerTypes[compression], digest, size: entry.size },
    diffID,
    source: { fd: entry.fd, offset: entry.offset },
  };
}
