import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { type PolicySource, pathSource } from "../../oci/policy.ts";
import { localName } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { type Archive, openArchive } from "../../storage/archive.ts";
import { type ArchivedImage, readArchivedImages } from "../../storage/image-archive.ts";
import { commitImage } from "../../storage/image-store.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { importLayers } from "../../storage/layer-import.ts";
import { checkPolicy } from "./policy.ts";
import type { OnProgress } from "./progress.ts";
import { wantedPlatform } from "./pull-options.ts";
import { reapImageLeftovers } from "./reap.ts";

export interface LoadOptions {
  /** Archive file or directory, URL of an archive, "-" for stdin. */
  input: string;
  /** Whether it has to be one or the other; both where not given. */
  isDirectory?: boolean | undefined;
  /** Of several images the one with this name. */
  reference?: string | undefined;
  /** Without a name there has to be one image only. */
  isOne?: boolean | undefined;
  /** OS/ARCH[/VARIANT]; this machine's where not given. */
  platform?: string | undefined;
  /** The policy.json to go by. */
  signaturePolicy?: string | undefined;
  onProgress?: OnProgress | undefined;
}

export interface LoadedImage {
  image: StoredImage;
  /** What this archive calls it. */
  names: string[];
}

/** `load`: every image of an archive, which may be on a web server. */
export async function loadArchive(ctx: Context, options: LoadOptions): Promise<LoadedImage[]> {
  const loaded = await loadImages(ctx, options);
  for (const { image } of loaded)
    recordEvent(ctx, { Type: "image", Status: "loadfromarchive", ID: image.id, Name: options.input });
  return loaded;
}

/** A local file with what is at a URL; other inputs as they are. */
export async function fetched(input: string, staging: string): Promise<string> {
  const { download, isUrl } = await import("../../registry/download.ts");
  if (!isUrl(input)) return input;
  const file = path.join(staging, "download");
  await download(input, file);
  return file;
}

/** Loads every image of a docker-archive or oci-archive. */
export async function loadImages(ctx: Context, options: LoadOptions): Promise<LoadedImage[]> {
  await reapImageLeftovers(ctx);
  const staging = createStaging(ctx, "image");
  let archive: Archive | undefined;
  try {
    const input = await fetched(options.input, staging.path);
    archive = await openArchive(ctx, staging.path, input);
    if (options.isDirectory !== undefined && archive.isDirectory !== options.isDirectory)
      throw new EngineError(
        "no-archive",
        `${options.input} is ${options.isDirectory ? "not " : ""}a directory`,
      );
    const images = chosen(archive, readArchivedImages(archive, wantedPlatform(options)), options);
    if (images.length === 0) throw new EngineError("corrupt-archive", `${archive.name} holds no image`);
    for (const image of images) await checkPolicy(sourceOf(archive, input, image), options.signaturePolicy);
    const loaded: LoadedImage[] = [];
    for (const image of images) loaded.push(await loadImage(ctx, staging.path, image, options.onProgress));
    return loaded;
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== "corrupt-archive") throw error;
    const prefix = "payload does not match any of the supported image formats: ";
    throw rephrase(error, { prefix, exitCode: error.exitCode });
  } finally {
    archive?.close();
    await staging.remove();
  }
}

/** As Podman has it, an image of a directory gets no name but the one that it is asked for by. */
function chosen(
  archive: Archive,
  images: ArchivedImage[],
  { reference, isOne }: LoadOptions,
): ArchivedImage[] {
  if (reference === undefined) {
    if (isOne && images.length > 1) {
      throw new EngineError(
        "no-such-image",
        `Unexpected tar manifest.json: expected 1 item, got ${images.length}`,
        { hint: "choose one by its name or its place, as docker-archive:FILE:@0; `coracle load` takes all" },
      );
    }
    if (!archive.isDirectory) return images;
    if (images.length > 1)
      throw new EngineError("no-such-image", "more than one image in oci, choose an image");
    return images.map((image) => ({ ...image, names: [] }));
  }
  const isDocker = !archive.isDirectory && !archive.has("oci-layout");
  const at = isDocker ? /^@(\d+)$/.exec(reference)?.[1] : undefined;
  if (at !== undefined) {
    const image = images[Number(at)];
    if (image) return [image];
    throw new EngineError(
      "no-such-image",
      `Invalid source index ${reference}, only ${images.length} manifest items available`,
    );
  }
  const found = images.find(({ names }) => names.some((name) => sameName(name, reference)));
  if (found) return [{ ...found, names: [reference] }];
  const names = images.flatMap((image) => image.names);
  const wanted = JSON.stringify(reference);
  const text = isDocker ? `Tag ${wanted} not found` : `no image found with reference ${wanted}`;
  throw new EngineError("no-such-image", text, {
    hint: names.length === 0 ? undefined : `there is ${names.join(", ")}`,
  });
}

function sameName(name: string, wanted: string): boolean {
  return name === wanted || localName(name) === localName(wanted);
}

function sourceOf(archive: Archive, input: string, { names }: ArchivedImage): PolicySource {
  const isOci = archive.has("oci-layout");
  const transport = archive.isDirectory ? (isOci ? "oci" : "dir") : isOci ? "oci-archive" : "docker-archive";
  return pathSource(transport, input === "-" ? "" : fs.realpathSync(input), names[0] ?? "");
}

async function loadImage(
  ctx: Context,
  staging: string,
  archived: ArchivedImage,
  onProgress: OnProgress = () => {},
): Promise<LoadedImage> {
  const names = archived.names.map(localName);
  const image = {
    manifest: archived.manifest,
    config: archived.config,
    names,
    digests: archived.digests,
  };
  onProgress({ type: "sources" });
  for (let attempt = 0; attempt < 3; attempt++) {
    await importLayers(ctx, staging, archived.layers, (event) => onProgress({ type: "layer", ...event }));
    const committed = await commitImage(ctx, staging, image);
    if (!committed) continue;
    onProgress({ type: "config", digest: `sha256:${committed.id}` });
    onProgress({ type: "manifest" });
    return { image: committed, names };
  }
  throw new EngineError("image-vanished", "layers were removed while the image was loaded", {
    hint: "another command removes images; load again",
  });
}
