import * as fs from "node:fs";
import * as path from "node:path";
import { isErrno } from "../errors.ts";
import type { Context } from "../host/context.ts";

/**
 * `reserve`: room that an image's removal needs on a full disk, for a staging directory and a new images.json. Without it
 * `rmi` could not free the space that it is called to free.
 */

const LEAST = 64 * 1024;

function reservePath(ctx: Context): string {
  return path.join(ctx.graphRoot, "reserve");
}

/** Sees that there is a reserve for an images.json of `size` bytes. Where there is no room for one, that is no failure. */
export function keepReserve(ctx: Context, size: number): void {
  const file = reservePath(ctx);
  const wanted = Math.max(LEAST, 2 * size);
  if ((fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= wanted) return;
  try {
    fs.writeFileSync(file, Buffer.alloc(wanted), { mode: 0o600 });
  } catch {
    fs.rmSync(file, { force: true });
  }
}

/** Whether `error` tells of a full disk, and there is some room again now. */
export function releaseReserve(ctx: Context, error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isErrno(cause, "ENOSPC", "EDQUOT") || !fs.existsSync(reservePath(ctx))) return false;
  fs.rmSync(reservePath(ctx), { force: true });
  return true;
}
