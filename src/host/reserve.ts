import * as fs from "node:fs";
import * as path from "node:path";
import { isErrno } from "../errors.ts";
import type { Context } from "./context.ts";

/**
 * `reserve/`: room that removing things needs on a full disk, for locks, staging and a new images.json. Without it no
 * command could free the space that it is called to free. As many files as locks may be held at once, since inodes can run
 * out as well.
 */

const FILES = 64;

/** Bytes. */
const LEAST = 64 * 1024;

function reservePath(ctx: Context): string {
  return path.join(ctx.graphRoot, "reserve");
}

/** Its size in bytes, by the file that is made last; 0 where there is none, or one of an earlier version. */
function reserved(ctx: Context): number {
  try {
    return fs.statSync(path.join(reservePath(ctx), `${FILES}`)).size * FILES;
  } catch {
    return 0;
  }
}

/** Sees that there is a reserve for an images.json of `size` bytes. Where there is no room for one, that is no failure. */
export function keepReserve(ctx: Context, size: number): void {
  const wanted = Math.max(LEAST, 2 * size);
  if (reserved(ctx) >= wanted) return;
  drop(ctx);
  try {
    fs.mkdirSync(reservePath(ctx), { mode: 0o700 });
    const bytes = Buffer.alloc(Math.ceil(wanted / FILES));
    for (let n = 1; n <= FILES; n++) fs.writeFileSync(path.join(reservePath(ctx), `${n}`), bytes);
  } catch {
    drop(ctx);
  }
}

function drop(ctx: Context): void {
  fs.rmSync(reservePath(ctx), { recursive: true, force: true });
}

/** For a command that removes things: gives it the reserve if the disk is full. What is returned takes it back. */
export function lendReserve(ctx: Context): () => void {
  const size = reserved(ctx);
  if (size === 0) return () => {};
  const { bavail, bsize, files, ffree } = fs.statfsSync(reservePath(ctx));
  // Some file systems don't count inodes.
  const isFull = bavail * bsize < size || (files > 0 && ffree < FILES);
  if (!isFull) return () => {};
  drop(ctx);
  return () => {
    // After `system reset` there is nothing to keep it for.
    if (fs.existsSync(path.join(ctx.graphRoot, "images.json"))) keepReserve(ctx, size / 2);
  };
}

/** Whether `error` tells of a full disk, and there is some room again now. */
export function releaseReserve(ctx: Context, error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isErrno(cause, "ENOSPC", "EDQUOT") || !fs.existsSync(reservePath(ctx))) return false;
  drop(ctx);
  return true;
}
