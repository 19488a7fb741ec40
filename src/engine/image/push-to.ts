import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeUserFile } from "../../host/files.ts";
import { completeReference, formatReference, parseReference } from "../../oci/reference.ts";
import { parseTransport } from "../../oci/transport.ts";
import { findImage, getImage } from "../../storage/images.ts";
import { findList } from "../../storage/manifest-lists.ts";
import { type PushOptions, pushImage } from "./push.ts";
import { saveImages } from "./save.ts";
import { addTags } from "./tag.ts";

export interface PushToOptions extends PushOptions {
  /** Layers that aren't compressed become that on their way to `dir:`. */
  compress?: boolean | undefined;
  /** Gets the digest of the manifest at the destination. */
  digestFile?: string | undefined;
}

/** Writes an image to a registry, an archive or a directory. */
export async function pushTo(
  ctx: Context,
  nameOrId: string,
  destination: string | undefined,
  options: PushToOptions,
): Promise<void> {
  const digest = await write(ctx, nameOrId, destination, options);
  if (options.digestFile) writeUserFile(options.digestFile, digest);
}

async function write(
  ctx: Context,
  nameOrId: string,
  destination: string | undefined,
  options: PushToOptions,
): Promise<string> {
  // Of a list the image for this machine, if it is here; else the list.
  if (findList(ctx, nameOrId) && !findImage(ctx, nameOrId)) {
    const { pushList } = await import("../manifest/push.ts");
    const { digestFile: _, ...rest } = options;
    return await pushList(ctx, nameOrId, destination, { ...rest, all: true });
  }
  const target = destination === undefined ? undefined : parseTransport(destination);
  if (target === undefined || target.kind === "docker")
    return await pushImage(ctx, nameOrId, target?.reference, options);
  const image = getImage(ctx, nameOrId);
  if (target.kind === "containers-storage") {
    const name = target.reference;
    if (/^[[@]/.test(name))
      throw new EngineError("not-supported", `pushing to another store (${name}) is not supported yet`);
    await addTags(ctx, image.id, [name]);
    return image.manifestDigest;
  }
  const { onProgress, format, compression, force, level } = options;
  onProgress?.({ type: "sources" });
  const conversion =
    target.kind === "dir" && options.compress && compression === undefined
      ? { format, compression: "gzip" as const, force: false, level }
      : { format, compression, force, level };
  const targets = {
    oci: "oci-dir",
    "oci-archive": "oci-archive",
    "docker-archive": "docker-archive",
    dir: "docker-dir",
  } as const;
  const name = target.kind === "dir" ? undefined : target.reference;
  const common = { target: targets[target.kind], conversion, output: target.path, onProgress, isPush: true };
  if (target.kind !== "docker-archive")
    return await saveImages(ctx, [image.id], { ...common, refName: name });
  // It has the image's own name as well, and Docker Hub's where this one is short.
  const more = name === undefined ? [] : [formatReference(completeReference(parseReference(name)))];
  return await saveImages(ctx, [nameOrId, ...more], common);
}
