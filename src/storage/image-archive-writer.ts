import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../host/context.ts";
import { readJson } from "../host/files.ts";
import { runLayerTool } from "../host/layer-tool.ts";
import { digestHex } from "../oci/digest.ts";
import { type Descriptor, type Index, mediaTypes } from "../oci/image.ts";
import { openBlob, readBlob } from "./blobs.ts";
import { DirectoryWriter } from "./directory-writer.ts";
import type { StoredImage } from "./image-types.ts";
import { readLayerRecord } from "./layers.ts";
import { type FileSink, TarWriter } from "./tar-writer.ts";

export interface SavedImage {
  image: StoredImage;
  /** Full names with tags; none for an image saved by id. */
  names: string[];
}

export async function writeOciArchive(
  ctx: Context,
  fd: number,
  images: readonly SavedImage[],
): Promise<void> {
  writeOci(ctx, new TarWriter(fd), images, []);
}

/** Images that are in the directory already stay, unless one of these takes their name. */
export function writeOciDirectory(ctx: Context, directory: string, images: readonly SavedImage[]): void {
  const index = readJson<Index>(path.join(directory, "index.json"));
  writeOci(ctx, new DirectoryWriter(directory), images, index?.manifests ?? []);
}

/** What the transport `dir:` reads: the manifest of one image, and its blobs beside it. */
export function writeImageDirectory(
  ctx: Context,
  directory: string,
  image: StoredImage,
  manifest: Uint8Array,
): void {
  const sink = new DirectoryWriter(directory);
  for (const { digest } of [...image.manifest.layers, image.manifest.config])
    copyBlob(ctx, sink, digestHex(digest), digest);
  sink.file("manifest.json", manifest);
  sink.file("version", Buffer.from("Directory Transport Version: 1.1\n"));
}

const refName = "org.opencontainers.image.ref.name";

/** An OCI image layout: manifests and blobs byte for byte as they were pulled or loaded. */
function writeOci(
  ctx: Context,
  tar: FileSink,
  images: readonly SavedImage[],
  present: readonly Descriptor[],
): void {
  // Tools that unpack it without being root fail on directories that aren't listed.
  for (const directory of ["blobs/", "blobs/sha256/"]) tar.directory(directory);
  const written = new Set<string>();
  const blob = (digest: string) => {
    if (written.has(digest)) return;
    written.add(digest);
    copyBlob(ctx, tar, `blobs/sha256/${digestHex(digest)}`, digest);
  };
  const taken = new Set(images.flatMap(({ names }) => names));
  const kept = present.filter(({ annotations }) => !taken.has(annotations?.[refName] ?? ""));
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: kept };
  for (const { image, names } of images) {
    for (const { digest } of image.manifest.layers) blob(digest);
    blob(`sha256:${image.id}`);
    blob(image.manifestDigest);
    const descriptor = {
      mediaType: image.manifest.mediaType ?? mediaTypes.ociManifest,
      digest: image.manifestDigest,
      size: readBlob(ctx, image.manifestDigest).length,
    };
    for (const name of names) {
      index.manifests.push({ ...descriptor, annotations: { [refName]: name } });
    }
    if (names.length === 0 && !kept.some(({ digest }) => digest === descriptor.digest))
      index.manifests.push(descriptor);
  }
  tar.file("index.json", Buffer.from(JSON.stringify(index)));
  tar.file("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  tar.end();
}

function copyBlob(ctx: Context, sink: FileSink, name: string, digest: string): void {
  const source = openBlob(ctx, digest);
  try {
    sink.copy(name, source, fs.fstatSync(source).size);
  } finally {
    fs.closeSync(source);
  }
}

/** What `docker save` wrote before it became an OCI layout, which every tool reads: layers uncompressed. */
export async function writeDockerArchive(
  ctx: Context,
  fd: number,
  images: readonly SavedImage[],
): Promise<void> {
  const tar = new TarWriter(fd);
  const written = new Set<string>();
  const manifest: object[] = [];
  for (const { image, names } of images) {
    const layers: string[] = [];
    for (const [i, diffID] of image.config.rootfs.diff_ids.entries()) {
      const name = `${digestHex(diffID)}.tar`;
      layers.push(name);
      if (written.has(name)) continue;
      written.add(name);
      await writeLayer(ctx, tar, fd, name, diffID, image.manifest.layers[i]?.digest as string);
    }
    tar.file(`${image.id}.json`, readBlob(ctx, `sha256:${image.id}`));
    manifest.push({ Config: `${image.id}.json`, RepoTags: names, Layers: layers });
  }
  tar.file("manifest.json", Buffer.from(JSON.stringify(manifest)));
  tar.end();
}

/** The layer tool writes the content to the same descriptor, verified: it doesn't pass through this process. */
async function writeLayer(
  ctx: Context,
  tar: TarWriter,
  fd: number,
  name: string,
  diffID: string,
  digest: string,
): Promise<void> {
  const size = readLayerRecord(ctx, diffID)?.diffSize;
  if (size === undefined) throw new Error(`no record of layer ${diffID}`);
  tar.header(name, size);
  const source = openBlob(ctx, digest);
  try {
    await runLayerTool(ctx, ["decompress", "--digest", digest, "--diff-id", diffID], {
      stdin: source,
      stdout: fd,
    });
  } finally {
    fs.closeSync(source);
  }
  tar.pad(size);
}
