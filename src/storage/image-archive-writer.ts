import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../host/context.ts";
import { readJson } from "../host/files.ts";
import { runLayerTool } from "../host/layer-tool.ts";
import { limited } from "../host/limited.ts";
import { digestHex, digestOf } from "../oci/digest.ts";
import { legacyLayers } from "../oci/docker-archive.ts";
import { type Descriptor, type Index, mediaTypes } from "../oci/image.ts";
import { splitName } from "../oci/reference.ts";
import { openBlob, readBlob } from "./blobs.ts";
import { DirectoryWriter } from "./directory-writer.ts";
import type { StoredImage } from "./image-types.ts";
import { missingLayer, readLayerRecord } from "./layers.ts";
import { type FileSink, TarWriter } from "./tar-writer.ts";

export interface SavedImage {
  image: StoredImage;
  /** Full names with tags; none for an image saved by id. */
  names: string[];
}

/** An image, or a list of them, as it leaves the store: its blobs are files, some of them made for that. */
export interface OutgoingImage {
  names: string[];
  manifest: OutgoingManifest;
  /** Of a list: the manifests of its images, as far as they go along. */
  instances: OutgoingManifest[];
  blobs: { digest: string; file: string }[];
}

export interface OutgoingManifest {
  bytes: Uint8Array;
  mediaType: string;
}

export function writeOciArchive(fd: number, image: OutgoingImage): void {
  writeOci(new TarWriter(fd), image, []);
}

/** Images that are in the directory already stay, unless this one takes their name. */
export function writeOciDirectory(directory: string, image: OutgoingImage): void {
  const index = readJson<Index>(path.join(directory, "index.json"));
  writeOci(new DirectoryWriter(directory), image, index?.manifests ?? []);
}

/** What the transport `dir:` reads: the manifest of one image or list, and its blobs and manifests beside it. */
export function writeImageDirectory(directory: string, image: OutgoingImage): void {
  const sink = new DirectoryWriter(directory);
  for (const { digest, file } of image.blobs) copyFile(sink, digestHex(digest), file);
  for (const { bytes } of image.instances) sink.file(`${digestHex(digestOf(bytes))}.manifest.json`, bytes);
  sink.file("manifest.json", image.manifest.bytes);
  sink.file("version", Buffer.from("Directory Transport Version: 1.1\n"));
}

const refName = "org.opencontainers.image.ref.name";

/** An OCI image layout. */
function writeOci(
  sink: FileSink,
  { names, manifest, instances, blobs }: OutgoingImage,
  present: readonly Descriptor[],
): void {
  // Tools that unpack it without being root fail on directories that aren't listed.
  for (const directory of ["blobs/", "blobs/sha256/"]) sink.directory(directory);
  const written = new Set<string>();
  const once = (digest: string, write: (name: string) => void) => {
    if (written.has(digest)) return;
    written.add(digest);
    write(`blobs/sha256/${digestHex(digest)}`);
  };
  for (const { digest, file } of blobs) once(digest, (name) => copyFile(sink, name, file));
  for (const { bytes } of [...instances, manifest]) once(digestOf(bytes), (name) => sink.file(name, bytes));
  const { bytes, mediaType } = manifest;
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  const manifests = present.filter(({ annotations }) => !names.includes(annotations?.[refName] ?? ""));
  if (names.length === 0 && !manifests.some(({ digest }) => digest === descriptor.digest))
    manifests.push(descriptor);
  for (const name of names) manifests.push({ ...descriptor, annotations: { [refName]: name } });
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  sink.file("index.json", Buffer.from(JSON.stringify(index)));
  sink.file("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  sink.end();
}

function copyFile(sink: FileSink, name: string, file: string): void {
  const source = fs.openSync(file, "r");
  try {
    sink.copy(name, source, fs.fstatSync(source).size);
  } finally {
    fs.closeSync(source);
  }
}

/** Layers being unpacked at once. */
const parallel = 4;

/**
 * What `docker save` wrote before it became an OCI layout, which every tool reads: layers uncompressed. Docker before 1.10
 * went by `repositories` and a directory for each layer. In an empty file each layer has its place from the start, so
 * several are written at once.
 */
export async function writeDockerArchive(
  ctx: Context,
  fd: number,
  images: readonly SavedImage[],
): Promise<void> {
  // The place in a file that is our stdout is its owner's.
  const tar = new TarWriter(fd, { isEmptyFile: fd > 2 && fs.fstatSync(fd).isFile() });
  const written = new Set<string>();
  const manifest: object[] = [];
  const repositories: Record<string, object> = {};
  const left: LayerContent[] = [];
  for (const { image, names } of images) {
    const layers: string[] = [];
    for (const [i, diffID] of image.config.rootfs.diff_ids.entries()) {
      const name = `${digestHex(diffID)}.tar`;
      layers.push(name);
      if (written.has(name)) continue;
      written.add(name);
      const size = readLayerRecord(ctx, diffID)?.diffSize;
      if (size === undefined) throw missingLayer(digestHex(diffID));
      tar.header(name, size);
      const content = { diffID, digest: image.manifest.layers[i]?.digest as string, offset: tar.leave(size) };
      if (content.offset === undefined) await writeLayer(ctx, fd, content);
      else left.push(content);
      tar.pad(size);
    }
    const config = readBlob(ctx, `sha256:${image.id}`);
    tar.file(`${image.id}.json`, config);
    const legacy = legacyLayers(JSON.parse(config.toString()), image.config.rootfs.diff_ids);
    for (const [i, { id, json }] of legacy.entries()) {
      if (written.has(id)) continue;
      written.add(id);
      tar.link(`${id}/layer.tar`, `../${layers[i]}`);
      tar.file(`${id}/VERSION`, Buffer.from("1.0"));
      tar.file(`${id}/json`, Buffer.from(json));
    }
    const top = legacy.at(-1);
    for (const name of top ? names : []) {
      const { repository, tag = "" } = splitName(name);
      repositories[repository] = { ...repositories[repository], [tag]: top?.id };
    }
    manifest.push({ Config: `${image.id}.json`, RepoTags: names, Layers: layers });
  }
  tar.file("manifest.json", Buffer.from(JSON.stringify(manifest)));
  tar.file("repositories", Buffer.from(JSON.stringify(repositories)));
  tar.end();
  await limited(parallel, left, (content) => writeLayer(ctx, fd, content));
}

interface LayerContent {
  diffID: string;
  digest: string;
  offset: number | undefined;
}

/** The layer tool writes the content to the same descriptor, verified: it doesn't pass through this process. */
async function writeLayer(ctx: Context, fd: number, { diffID, digest, offset }: LayerContent): Promise<void> {
  const args = ["decompress", "--digest", digest, "--diff-id", diffID];
  if (offset !== undefined) args.push("--at", String(offset));
  const stdin = openBlob(ctx, digest);
  try {
    await runLayerTool(ctx, args, { stdin, stdout: fd });
  } finally {
    fs.closeSync(stdin);
  }
}
