import type { Context } from "../../host/context.ts";
import { adoptMount, bindOnItself, detach, mountCounts } from "../../host/mounts.ts";
import { type ContainerRecord, findRecord, listRecords } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { mountRootfs, rootfsPath } from "./rootfs.ts";

/*
 * Root filesystems in the caller's mount namespace, which is that of `coracle unshare`, or root's own. That it is mounted
 * is asked of the kernel, and so is how often: each `mount` puts one mount more on the others.
 */

export interface MountedContainer {
  id: string;
  name: string;
  path: string;
}

/** What is mounted here, and what runs, in the order in which the containers were made. */
export function mountedContainers(ctx: Context): MountedContainer[] {
  const counts = mountCounts();
  return listRecords(ctx)
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
    .flatMap((record) => {
      const path = rootfsPath(ctx, record);
      if (!counts.has(path) && !adoptRunning(ctx, record, path)) return [];
      return { id: record.id, name: record.name, path };
    });
}

/** Of those that are mounted here the ones that don't run: what runs stays mounted. */
export function unmountableContainers(ctx: Context): string[] {
  const counts = mountCounts();
  return listRecords(ctx).flatMap((record) =>
    counts.has(rootfsPath(ctx, record)) && !isActive(readStatus(ctx, record.id).state) ? record.id : [],
  );
}

/** Returns where they are. */
export function mountContainers(ctx: Context, names: readonly string[]): string[] {
  const records = names.map((name) => findRecord(ctx, name));
  return records.map((record) => {
    const path = rootfsPath(ctx, record);
    mountHere(ctx, record, path);
    return path;
  });
}

function mountHere(ctx: Context, record: ContainerRecord, path: string): void {
  if (mountCounts().has(path) || isDirectory(record)) bindOnItself(ctx, path);
  else if (!adoptRunning(ctx, record, path)) mountRootfs(ctx, record);
}

function isDirectory({ driver }: ContainerRecord): boolean {
  return driver === "vfs" || driver === "none";
}

/** A running container is seen by the mount that it has itself: another one would not show what it changes. */
function adoptRunning(ctx: Context, record: ContainerRecord, path: string): boolean {
  const { state, last } = readStatus(ctx, record.id);
  if (!isActive(state) || !last?.monitor) return false;
  if (!isDirectory(record)) adoptMount(ctx, path, last.monitor.pid);
  return true;
}

/** Takes one mount of each away; with `force` all. Those that aren't mounted are left as they are. */
export function unmountContainers(
  ctx: Context,
  names: readonly string[],
  options: { force: boolean },
): MountedContainer[] {
  const records = names.map((name) => findRecord(ctx, name));
  const counts = ctx.namespace === "none" ? new Map<string, number>() : mountCounts();
  return records.map((record) => {
    const path = rootfsPath(ctx, record);
    const count = counts.get(path) ?? 0;
    detach(ctx, path, options.force ? count : Math.min(count, 1));
    return { id: record.id, name: record.name, path };
  });
}
