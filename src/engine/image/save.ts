import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { withOutput } from "../../host/output-file.ts";
import { completeReference, formatReference, localName, parseReference } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { type SavedImage, writeDockerArchive, writeOciArchive } from "../../storage/image-archive-writer.ts";
import { getResolved } from "../../storage/images.ts";

export interface SaveOptions {
  format: string;
  /** File to write, or undefined for stdout. */
  output?: string | undefined;
  /** Every argument is an image; else those after the first are more names for it. */
  multiple?: boolean;
}

/** Writes images as an archive that `load` gives back. */
export async function saveImages(
  ctx: Context,
  names: readonly string[],
  options: SaveOptions,
): Promise<void> {
  const write = writerOf(options);
  const images = options.multiple ? mergeSame(names.map((name) => find(ctx, name))) : [withNames(ctx, names)];
  const { output } = options;
  await withOutput(output, (fd) => write(ctx, fd, images));
  for (const { image } of images)
    recordEvent(ctx, { Type: "image", Status: "save", ID: image.id, Name: output ?? "/dev/stdout" });
}

function writerOf({ format, multiple }: SaveOptions): typeof writeDockerArchive {
  if (format === "docker-archive") return writeDockerArchive;
  if (format === "oci-archive" && !multiple) return writeOciArchive;
  if (format === "oci-archive") {
    throw new EngineError("bad-argument", "--multi-image-archive works with the format docker-archive only");
  }
  const known = format === "oci-dir" || format === "docker-dir";
  throw new EngineError(
    known ? "not-supported" : "bad-argument",
    `unsupported format "${format}" for saving images`,
    {
      hint: "use docker-archive or oci-archive",
    },
  );
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
