import type { Context } from "../../host/context.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { volumeContents } from "../volume/file-system.ts";

export interface MountedPath {
  /** The directory (or file) of the host that would be mounted. */
  source: string;
  /** `/` and what comes below it. */
  below: string;
}

/** Where a path in a container that doesn't run leads when one of its volumes or bind mounts covers it. */
export function mountedPath(
  ctx: Context,
  record: ContainerRecord,
  absolute: string,
): MountedPath | undefined {
  const covering = record.config.mounts
    .filter(({ type }) => type === "volume" || type === "bind")
    .filter(({ destination }) => absolute === destination || absolute.startsWith(`${destination}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
  if (!covering) return undefined;
  const source = covering.type === "volume" ? volumeContents(ctx, covering.source) : covering.source;
  const below = absolute.slice(covering.destination.length);
  return { source, below: covering.subpath === undefined ? below || "/" : `/${covering.subpath}${below}` };
}
