import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeError } from "../../host/files.ts";
import { withOutput } from "../../host/output-file.ts";
import { canHold, convertManifest, formatOf, layerCompression } from "../../oci/manifest-format.ts";
import { completeReference, formatReference, localName, parseReference } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { readBlob } from "../../storage/blobs.ts";
import {
  type SavedImage,
  writeDockerArchive,
  writeImageDirectory,
  writeOciArchive,
  writeOciDirectory,
} from "../../storage/image-archive-writer.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { getResolved } from "../../storage/images.ts";
import type { OnProgress } from "./progress.ts";

export interface SaveOptions {
  format: string;
  /** File to write, or undefined for stdout. */
  output?: string | undefined;
  /** What an OCI layout is to call the image, as it is written. */
  refName?: string | undefined;
  /** Every argument is an image; else those after the first are more names for it. */
  multiple?: boolean;
  onProgress?: OnProgress | undefined;
}

/** Writes images as an archive that `load` gives back. */
export async function saveImages(
  ctx: Context,
  names: readonly string[],
  options: SaveOptions,
): Promise<void> {
  const write = writerOf(options);
  const images = options.multiple ? mergeSame(names.map((name) => find(ctx, name))) : [withNames(ctx, names)];
  const { output, refName, onProgress = () => {} } = options;
  if (refName !== undefined) for (const saved of images) saved.names = [refName];
  for (const [i, { image }] of images.entries()) {
    if (i > 0) onProgress({ type: "manifest" });
    for (const { digest } of image.manifest.layers) onProgress({ type: "layer", digest, status: "started" });
    onProgress({ type: "config", digest: image.manifest.config.digest });
  }
  await write(ctx, output, images);
  onProgress({ type: "manifest" });
  for (const { image } of images)
    recordEvent(ctx, { Type: "image", Status: "save", ID: image.id, Name: output ?? "/dev/stdout" });
}

type Write = (ctx: Context, output: string | undefined, images: readonly SavedImage[]) => Promise<void>;

const toFile =
  (write: typeof writeDockerArchive): Write =>
  (ctx, output, images) =>
    withOutput(output, (fd) => write(ctx, fd, images));

/** To a directory, whose name must be given. */
const toDirectory =
  (write: (ctx: Context, directory: string, images: readonly SavedImage[]) => void): Write =>
  async (ctx, output, images) => {
    if (output === undefined)
      throw new EngineError("bad-argument", "--format oci-dir and docker-dir need --output DIRECTORY");
    try {
      write(ctx, output, images);
    } catch (error) {
      throw error instanceof EngineError ? error : writeError(output, error);
    }
  };

const writers: Record<string, Write> = {
  "docker-archive": toFile(writeDockerArchive),
  "oci-archive": toFile(writeOciArchive),
  "oci-dir": toDirectory(writeOciDirectory),
  "docker-dir": toDirectory((ctx, directory, images) => {
    for (const { image } of images) writeImageDirectory(ctx, directory, image, dockerManifest(ctx, image));
  }),
  // As `push dir:` has it: the manifest stays what it is.
  dir: toDirectory((ctx, directory, images) => {
    for (const { image } of images)
      writeImageDirectory(ctx, directory, image, readBlob(ctx, image.manifestDigest));
  }),
};

function writerOf({ format, multiple, output }: SaveOptions): Write {
  const bad = (message: string, hint?: string) => new EngineError("bad-argument", message, { hint });
  const write = Object.hasOwn(writers, format) ? writers[format] : undefined;
  if (write === undefined)
    throw bad("format value must be one of oci-dir oci-archive docker-dir docker-archive");
  if (multiple && format !== "docker-archive")
    throw bad(`unsupported format "${format}" for saving multiple images (only docker-archive)`);
  if (format === "docker-archive" && output !== undefined && isFilled(output))
    throw bad("docker-archive doesn't support modifying existing images", `remove ${output} first`);
  return write;
}

/** What Podman would take for an archive to add to. */
function isFilled(output: string): boolean {
  const stat = fs.statSync(output, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size > 0;
}

function dockerManifest(ctx: Context, image: StoredImage): Uint8Array {
  if (formatOf(image.manifest) === "v2s2") return readBlob(ctx, image.manifestDigest);
  const layers = image.manifest.layers.map((descriptor) => {
    const compression = layerCompression(descriptor);
    if (compression !== undefined && canHold("v2s2", compression)) return { descriptor, compression };
    throw new EngineError(
      "not-supported",
      `layers of type ${descriptor.mediaType} can't be saved as docker-dir`,
      {
        hint: "use oci-dir",
      },
    );
  });
  return Buffer.from(JSON.stringify(convertManifest(image.manifest, "v2s2", layers)));
}

/** An image under the name by which it was asked for; by id it gets none. */
function find(ctx: Context, nameOrId: string): SavedImage {
  const { image, name } = getResolved(ctx, nameOrId);
  return { image, names: name?.includes("@") === false ? [name] : [] };
}

function withNames(ctx: Context, [first, ...more]: readonly string[]): SavedImage {
  const saved = find(ctx, first as string);
  const extra = more.map((name) => {
    const { registry } = parseReference(name);
    return registry === undefined
      ? localName(name)
      : formatReference(completeReference(parseReference(name)));
  });
  return { ...saved, names: [...new Set([...saved.names, ...extra])] };
}

function mergeSame(images: readonly SavedImage[]): SavedImage[] {
  const merged = new Map<string, SavedImage>();
  for (const saved of images) {
    const known = merged.get(saved.image.id);
    if (known) known.names = [...new Set([...known.names, ...saved.names])];
    else merged.set(saved.image.id, { ...saved });
  }
  return [...merged.values()];
}
