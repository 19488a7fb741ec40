import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { EXTENDED_START, extendStart } from "../../host/service-manager.ts";
import { matchesPlatform, parsePlatform, platformMismatch, platformOf } from "../../oci/image-platform.ts";
import { completeReference, formatReference, parseReference } from "../../oci/reference.ts";
import { parseTransport, type Transport } from "../../oci/transport.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { unknownImage } from "../../storage/image-lookup.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { askedName, findImage, getImage, isImageId } from "../../storage/images.ts";
import { candidates } from "../registry/name.ts";
import { fetchImage } from "./fetch.ts";
import type { PullOptions } from "./pull-options.ts";
import { reapImageLeftovers } from "./reap.ts";

/** The image of a name with or without a transport, fetched when the policy says so. */
export async function pullImage(ctx: Context, text: string, options: PullOptions): Promise<StoredImage> {
  const [image] = await pullImages(ctx, text, options);
  if (!image) throw unknownImage(text);
  return image;
}

/** The same; an archive may hold several images. */
export async function pullImages(ctx: Context, text: string, options: PullOptions): Promise<StoredImage[]> {
  try {
    const transport = parseTransport(text);
    const images =
      transport.kind === "docker"
        ? [await imageOf(ctx, text, options)]
        : await imagesOf(ctx, text, transport, options);
    for (const { id } of images) recordEvent(ctx, { Type: "image", Status: "pull", ID: id, Name: text });
    return images;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    recordEvent(ctx, { Type: "image", Status: "pull-error", Name: text, Error: reason });
    throw error;
  }
}

async function imagesOf(
  ctx: Context,
  text: string,
  transport: Exclude<Transport, { kind: "docker" }>,
  options: PullOptions,
): Promise<StoredImage[]> {
  if (transport.kind === "containers-storage") return [getImage(ctx, text)];
  const { loadImages } = await import("./load.ts");
  const { platform, signaturePolicy, onProgress } = options;
  const loaded = await loadImages(ctx, {
    input: transport.path,
    isDirectory: transport.kind === "oci" || transport.kind === "dir",
    reference: transport.kind === "dir" ? undefined : referenceIn(transport),
    isOne: transport.kind === "docker-archive",
    platform,
    signaturePolicy,
    onProgress,
  });
  return loaded.map(({ image }) => image);
}

/** In a docker-archive names are Docker's; `@N` is the place of an image in it. */
function referenceIn({ kind, reference }: { kind: string; reference: string | undefined }) {
  if (kind !== "docker-archive" || reference === undefined || reference.startsWith("@")) return reference;
  return formatReference(completeReference(parseReference(reference)));
}

async function imageOf(ctx: Context, text: string, options: PullOptions): Promise<StoredImage> {
  const stored = findStored(ctx, text, options);
  if (stored && (options.policy === "missing" || options.policy === "never" || isImageId(text))) {
    warnOfPlatform(stored, options);
    return stored;
  }
  if (options.policy === "never" || isImageId(text)) throw unknownImage(text);
  const reference = parseReference(knownName(ctx, stored, text, options) ?? text.replace(/^docker:\/\//, ""));
  if (isEmbedded(text)) return await loadEmbedded(ctx);
  if (reference.registry === "localhost") {
    if (stored) return stored;
    throw new EngineError("image-not-known", `${text}: image not known`, {
      hint: "localhost/ is for images made here: build, load or import it",
    });
  }
  await reapImageLeftovers(ctx);
  const keepsStored = options.policy === "newer" ? stored : undefined;
  const found = await candidates(reference, text).catch((error: unknown) => {
    // A name that no registry is asked for has nothing newer.
    if (keepsStored) return undefined;
    throw error;
  });
  if (!found) return keepsStored as StoredImage;
  const { references, description } = found;
  if (description !== undefined) options.onProgress?.({ type: "resolved", text: description });
  const failures: unknown[] = [];
  for (const full of references) {
    options.onProgress?.({ type: "trying", reference: formatReference(full) });
    const isOver = extendStart();
    if (isOver)
      options.onProgress?.({ type: "extended", reference: formatReference(full), time: EXTENDED_START });
    try {
      return await fetchImage(ctx, full, options, stored);
    } catch (error) {
      if (keepsStored && isUnreachable(error)) return keepsStored;
      failures.push(error);
    } finally {
      isOver?.();
    }
  }
  throw allFailed(failures);
}

/** A name by which the image is here already is resolved as it is here. */
function knownName(
  ctx: Context,
  stored: StoredImage | undefined,
  text: string,
  { platform }: PullOptions,
): string | undefined {
  if (stored === undefined || platform !== undefined || /[@]|^docker:\/\//.test(text)) return undefined;
  return stored.names.length > 0 ? askedName(ctx, stored, text) : undefined;
}

/** One failure is what it is; of several each is told. */
function allFailed(failures: readonly unknown[]): unknown {
  const [first] = failures;
  if (failures.length === 1 || !(first instanceof EngineError)) return first;
  const texts = failures.map((error) => `\n * ${error instanceof Error ? error.message : String(error)}`);
  return new EngineError(first.code, `${failures.length} errors occurred while pulling:${texts.join("")}`, {
    cause: first,
  });
}

function findStored(ctx: Context, text: string, { platform }: PullOptions): StoredImage | undefined {
  const image = findImage(ctx, text.replace(/^docker:\/\//, ""));
  if (!image || platform === undefined) return image;
  return matchesPlatform(image.config, parsePlatform(platform, platformOf(process.arch))) ? image : undefined;
}

/** An image for another machine may run here, but who didn't ask for it is told. */
function warnOfPlatform({ config }: StoredImage, { platform, onProgress }: PullOptions): void {
  const here = platformOf(process.arch);
  const found = {
    ...config,
    os: config.os || here.os,
    architecture: config.architecture || here.architecture,
  };
  if (platform !== undefined || matchesPlatform(found, here)) return;
  onProgress?.({ type: "warning", text: platformMismatch(found, here) });
}

function isUnreachable(error: unknown): boolean {
  return error instanceof EngineError && /^(registry-|tls-failed|rate-limited)/.test(error.code);
}

function isEmbedded(text: string): boolean {
  return /^(localhost\/)?hello(:latest)?$/.test(text);
}

async function loadEmbedded(ctx: Context): Promise<StoredImage> {
  const { loadImages } = await import("./load.ts");
  const file = path.join(ctx.libDir, "hello.oci.tar");
  const [loaded] = await loadImages(ctx, { input: file });
  if (!loaded) throw new EngineError("bad-archive", `${file} holds no image`);
  return loaded.image;
}
