import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../host/context.ts";
import type { ContainerRecord } from "./records.ts";

/** Where the volatile state of containers lies, below the run root. */

/** Several stores (--root) share one run root: what belongs to a container of another store is no leftover of ours. */
export function runDirectories(ctx: Context): string {
  return path.join(ctx.runRoot, "containers", storeKey(ctx));
}

const storeKeys = new Map<string, string>();

/** Names a store by what its directory is, however the path to it is spelled. */
function storeKey(ctx: Context): string {
  let key = storeKeys.get(ctx.graphRoot);
  if (key === undefined) {
    const found = fs.statSync(ctx.graphRoot, { throwIfNoEntry: false });
    if (!found) return "none";
    key = `${found.dev.toString(36)}-${found.ino.toString(36)}`;
    storeKeys.set(ctx.graphRoot, key);
  }
  return key;
}

/** What the keeper of this store's bridges has: its socket and lock, and what aardvark-dns reads. */
export function bridgesDirectory(ctx: Context): string {
  return path.join(ctx.runRoot, "bridges", storeKey(ctx));
}

/** A container's attach socket and exec sessions. Made before its monitor, removed by it: what stays is a leftover. */
export function runDirectory(ctx: Context, id: string): string {
  return path.join(runDirectories(ctx), id);
}

/** State directory of the OCI runtime; each runtime has its own. */
export function runtimeRoot(ctx: Context, record: Pick<ContainerRecord, "runtime">): string {
  return path.join(ctx.runRoot, record.runtime === null ? "runtime" : path.basename(record.runtime));
}

/** The unit that a container is to systemd, under Podman's name. */
export function scopeName(id: string): string {
  return `libpod-${id}.scope`;
}

/** Last part of the path of a container's cgroup. */
export function cgroupName(id: string): string {
  return `coracle-${id}`;
}
