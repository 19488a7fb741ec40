import * as path from "node:path";
import type { Context } from "../host/context.ts";
import type { ContainerRecord } from "./records.ts";

/** Where the volatile state of containers lies, below the run root. */

export function runDirectories(ctx: Context): string {
  return path.join(ctx.runRoot, "containers");
}

/** A container's attach socket and exec sessions. Made before its monitor, removed by it: what stays is a leftover. */
export function runDirectory(ctx: Context, id: string): string {
  return path.join(runDirectories(ctx), id);
}

/** State directory of the OCI runtime; each runtime has its own. */
export function runtimeRoot(ctx: Context, record: Pick<ContainerRecord, "runtime">): string {
  return path.join(ctx.runRoot, record.runtime === null ? "runtime" : path.basename(record.runtime));
}

/** Last part of the path of a container's cgroup. */
export function cgroupName(id: string): string {
  return `coracle-${id}`;
}
