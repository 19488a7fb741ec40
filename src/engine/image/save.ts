import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeError } from "../../host/files.ts";
import { withOutput } from "../../host/output-file.ts";
import { createCopyStaging } from "../../host/staging.ts";
import { digestOf } from "../../oci/digest.ts";
import { completeReference, formatReference, localName, parseReference } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import {
  type OutgoingImage,
  type SavedImage,
  writeDockerArchive,
  writeImageDirectory,
  writeOciArchive,
  writeOciDirectory,
} from "../../storage/image-archive-writer.ts";
import { getResolved } from "../../storage/images.ts";
import { findList } from "../../storage/manifest-lists.ts";
import type { RegistryAccess } from "../registry/options.ts";
import { type Conversion, prepareImage } from "./outgoing.ts";
import type { OnProgress } from "./progress.ts";

export interface SaveOptions {
  target: SaveTarget;
  /** What it is turned into; a docker-archive has all layers uncompressed. */
  conversion?: Conversion;
  /** File to write, or undefined for stdout. */
  output?: string | undefined;
  /** What an OCI layout is to call the image, as it is written. */
  refName?: string | undefined;
  /** Every argument is an image; else those after the first are more names for it. */
  multiple?: boolean;
  /** Of a list all images, also those that are in a registry. */
  allPlatforms?: boolean;
  /** It is a `push` to files, and told as such. */
  isPush?: boolean;
  access?: RegistryAccess;
  onProgress?: OnProgress | undefined;
}

export type SaveTarget = keyof typeof writers | "docker-archive";

/** Writes images as an archive that `load` gives back; returns the digest of what it now is. */
export async function saveImages(
  ctx: Context,
  names: readonly string[],
  options: SaveOptions,
): Promise<string> {
  const { target, multiple, output } = options;
  check(options);
  if (target !== "docker-archive") return await saveAsFiles(ctx, names, target, options);
  const images = multiple ? mergeSame(names.map((name) => find(ctx, name))) : [withNames(ctx, names)];
  tellCopying(images, options.onProgress);
  await withOutput(output, `opening file ${JSON.stringify(output)}: `, (fd) =>
    writeDockerArchive(ctx, fd, images),
  );
  options.onProgress?.({ type: "manifest" });
  for (const { image } of images) recordSave(ctx, image.id, options);
  return images[0]?.image.manifestDigest as string;
}

/** What has its manifest beside its blobs. */
async function saveAsFiles(
  ctx: Context,
  names: readonly string[],
  target: keyof typeof writers,
  options: SaveOptions,
): Promise<string> {
  const { output, conversion = {}, refName, onProgress } = options;
  const staging = createCopyStaging(ctx);
  try {
    const list = options.allPlatforms ? findList(ctx, names[0] as string) : undefined;
    let outgoing: OutgoingImage;
    if (list) {
      const { prepareList } = await import("../manifest/outgoing.ts");
      const all = { ...options.access, ...conversion, all: true, plain: true, onProgress };
      outgoing = { ...(await prepareList(ctx, staging.path, list, all)), names: list.names.slice(0, 1) };
    } else {
      const saved = withNames(ctx, names);
      tellCopying([saved], onProgress);
      outgoing = { ...(await prepareImage(ctx, staging.path, saved.image, conversion)), names: saved.names };
    }
    if (refName !== undefined) outgoing.names = [refName];
    await writeFiles(target, output, outgoing);
    onProgress?.({ type: "manifest" });
    recordSave(ctx, list?.id ?? getResolved(ctx, names[0] as string).image.id, options);
    return digestOf(outgoing.manifest.bytes);
  } finally {
    await staging.remove();
  }
}

function recordSave(ctx: Context, id: string, { target, output = "/dev/stdout", isPush }: SaveOptions): void {
  const transport = { "oci-dir": "oci", "docker-dir": "dir" }[target as string] ?? target;
  const what = isPush ? { Status: "push", Name: `${transport}:${output}` } : { Status: "save", Name: output };
  recordEvent(ctx, { Type: "image", ID: id, ...what });
}

function tellCopying(images: readonly SavedImage[], onProgress: OnProgress = () => {}): void {
  for (const [i, { image }] of images.entries()) {
    if (i > 0) onProgress({ type: "manifest" });
    for (const { digest } of image.manifest.layers) onProgress({ type: "layer", digest, status: "started" });
    onProgress({ type: "config", digest: image.manifest.config.digest });
  }
}

/** To a file, stdout or, but for an `oci-archive`, a directory, whose name must be given. */
export async function writeFiles(
  target: keyof typeof writers,
  output: string | undefined,
  image: OutgoingImage,
): Promise<void> {
  await writers[target](output, image);
}

const toDirectory =
  (write: (directory: string, image: OutgoingImage) => void) =>
  async (output: string | undefined, image: OutgoingImage): Promise<void> => {
    try {
      write(output as string, image);
    } catch (error) {
      throw error instanceof EngineError ? error : writeError(output as string, error);
    }
  };

const writers = {
  "oci-archive": (output: string | undefined, image: OutgoingImage) =>
    withOutput(output, "", async (fd) => writeOciArchive(fd, image)),
  "oci-dir": toDirectory(writeOciDirectory),
  "docker-dir": toDirectory(writeImageDirectory),
};

export function saveTarget(text: string): SaveTarget {
  if (text === "docker-archive" || Object.hasOwn(writers, text)) return text as SaveTarget;
  throw bad("format value must be one of oci-dir oci-archive docker-dir docker-archive");
}

function bad(message: string, hint?: string): EngineError {
  return new EngineError("bad-argument", message, { hint });
}

function check({ target, multiple, output, allPlatforms }: SaveOptions): void {
  if (multiple && target !== "docker-archive")
    throw bad(`unsupported format "${target}" for saving multiple images (only docker-archive)`);
  if (target.endsWith("-dir") && output === undefined)
    throw bad("--format oci-dir and docker-dir need --output DIRECTORY");
  if (allPlatforms && target === "docker-archive")
    throw bad("a docker-archive can't hold one image for several platforms", "use --format oci-archive");
  if (target === "docker-archive" && output !== undefined && isFilled(output))
    throw bad("docker-archive doesn't support modifying existing images", `remove ${output} first`);
}

/** What Podman would take for an archive to add to. */
function isFilled(output: string): boolean {
  const stat = fs.statSync(output, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size > 0;
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
