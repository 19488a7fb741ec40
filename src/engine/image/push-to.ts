import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeUserFile } from "../../host/files.ts";
import { parseTransport } from "../../oci/transport.ts";
import { findImage, getImage } from "../../storage/images.ts";
import { findList } from "../../storage/manifest-lists.ts";
import { type PushOptions, pushImage } from "./push.ts";
import { saveImages } from "./save.ts";
import { addTags } from "./tag.ts";

export interface PushToOptions extends PushOptions {
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
  options: PushOptions,
): Promise<string> {
  const target = destination === undefined ? undefined : parseTransport(destination);
  if (target === undefined || target.kind === "docker") {
    // Of a list the image for this machine, if it is here; else the list.
    if (findList(ctx, nameOrId) && !findImage(ctx, nameOrId)) {
      const { pushList } = await import("../manifest/push.ts");
      return await pushList(ctx, nameOrId, target?.reference, { ...options, all: true });
    }
    return await pushImage(ctx, nameOrId, target?.reference, options);
  }
  const image = getImage(ctx, nameOrId);
  if (target.kind === "containers-storage") {
    const name = target.reference;
    if (/^[[@]/.test(name))
      throw new EngineError("not-supported", `pushing to another store (${name}) is not supported yet`);
    await addTags(ctx, image.id, [name]);
    return image.manifestDigest;
  }
  const { onProgress } = options;
  onProgress?.({ type: "sources" });
  for (const { digest } of image.manifest.layers) onProgress?.({ type: "layer", digest, status: "started" });
  onProgress?.({ type: "config", digest: image.manifest.config.digest });
  const formats = {
    oci: "oci-dir",
    "oci-archive": "oci-archive",
    "docker-archive": "docker-archive",
    dir: "dir",
  };
  const name = target.kind === "dir" ? undefined : target.reference;
  const isDocker = target.kind === "docker-archive";
  await saveImages(ctx, [image.id, ...(isDocker && name !== undefined ? [name] : [])], {
    format: formats[target.kind],
    output: target.path,
    refName: isDocker ? undefined : name,
  });
  onProgress?.({ type: "manifest" });
  return image.manifestDigest;
}
