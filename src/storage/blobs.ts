import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { ensureDirectory } from "../host/context.ts";
import { writeFileAtomic } from "../host/files.ts";
import { digestHex, digestOf } from "../oci/digest.ts";
import { locate } from "./locate.ts";

/*
 * `blobs/sha256/<hex>`: manifests, image configs and layer blobs exactly as they came, so that `save` and `push` give
 * them back with the same digests. A blob is complete and durable before it has its name.
 */

export function blobsDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "blobs", "sha256");
}

/** In the own store, whether it is there or not. */
export function ownBlobPath(ctx: Context, digest: string): string {
  return path.join(blobsDirectory(ctx), digestHex(digest));
}

/** Where it is to be read. */
export function blobPath(ctx: Context, digest: string): string {
  return locate(ctx, "blobs", "sha256", digestHex(digest));
}

export function hasBlob(ctx: Context, digest: string): boolean {
  return fs.existsSync(blobPath(ctx, digest));
}

export function readBlob(ctx: Context, digest: string): Buffer {
  try {
    return fs.readFileSync(blobPath(ctx, digest));
  } catch (error) {
    throw missing(digest, error);
  }
}

/** A descriptor for reading, to be closed by the caller. */
export function openBlob(ctx: Context, digest: string): number {
  try {
    return fs.openSync(blobPath(ctx, digest), "r");
  } catch (error) {
    throw missing(digest, error);
  }
}

function missing(digest: string, cause: unknown): unknown {
  if (!isErrno(cause, "ENOENT")) return cause;
  return new EngineError("missing-blob", `the image store lacks blob ${digest}`, {
    hint: "pull or load the image again",
    cause,
  });
}

/** Stores bytes under their digest. */
export function writeBlob(ctx: Context, bytes: Uint8Array): string {
  const digest = digestOf(bytes);
  if (isStored(ctx, digest, bytes)) return digest;
  ensureDirectory(blobsDirectory(ctx));
  writeFileAtomic(ownBlobPath(ctx, digest), bytes);
  return digest;
}

/** One that is spoilt is written anew. */
function isStored(ctx: Context, digest: string, bytes: Uint8Array): boolean {
  try {
    return fs.readFileSync(blobPath(ctx, digest)).equals(bytes);
  } catch {
    return false;
  }
}

/** Gives a verified and synced file its name among the blobs; `commitImage` makes the name durable. */
export function commitBlob(ctx: Context, file: string, digest: string): void {
  ensureDirectory(blobsDirectory(ctx));
  fs.renameSync(file, ownBlobPath(ctx, digest));
}
