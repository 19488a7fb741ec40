import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import type { MountRequest } from "../../oci/container.ts";
import { volumeMount } from "../../oci/volume-options.ts";
import { containerDirectory, listRecords } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { findVolume, volumeDataPath } from "../../storage/volumes.ts";

/** Options of a mount, not of the file system that is mounted. */
const MOUNT_OPTIONS = /^(ro|rw|(no)?(suid|dev|exec|atime|diratime)|relatime|strictatime|defaults)$/;

/** Where the contents of a volume are: in its own directory, or in that of the host that it stands for. */
export function volumeContents(ctx: Context, name: string): string {
  const mount = mountOf(ctx, name);
  return (mount?.type === "bind" && mount.device) || volumeDataPath(ctx, name);
}

/** A volume that is a file system, to be mounted before it can be used. */
export function volumeFileSystem(
  ctx: Context,
  name: string,
): { type: string; source: string; options: string[] } | undefined {
  const mount = mountOf(ctx, name);
  if (mount?.type !== "filesystem") return undefined;
  const options = mount.options.filter((option) => !MOUNT_OPTIONS.test(option));
  return { type: mount.filesystem, source: mount.device, options };
}

/** What a volume's options ask of the mounts of it: `ro`, `noexec` … */
export function volumeMountOptions(ctx: Context, name: string): string[] {
  return mountOf(ctx, name)?.options.filter((option) => MOUNT_OPTIONS.test(option)) ?? [];
}

export function volumeImage(ctx: Context, name: string): { id: string; layers: string[] } | undefined {
  return findVolume(ctx, name)?.image;
}

function mountOf(ctx: Context, name: string) {
  const volume = findVolume(ctx, name);
  return volume && volumeMount(volume.options);
}

/** Where the monitor of a container mounts a volume that is its mount with that index. */
export function volumeMountPoint(ctx: Context, id: string, index: number, { overlay }: MountRequest): string {
  return path.join(containerDirectory(ctx, id), "overlays", String(index), overlay ? "lower" : "merged");
}

/**
 * The monitor of a running container that has the volume: there it is mounted, and everybody is to see the same. In the
 * container itself something else may be in its place.
 */
export function volumeHolder(
  ctx: Context,
  name: string,
  except: string,
): { pid: number; path: string } | undefined {
  for (const { id, config } of listRecords(ctx)) {
    const index = config.mounts.findIndex(({ type, source }) => type === "volume" && source === name);
    const mount = config.mounts[index];
    if (!mount || id === except) continue;
    const { state, last } = readStatus(ctx, id);
    const pid = state === "running" || state === "paused" ? last?.monitor?.pid : undefined;
    if (pid !== undefined) return { pid, path: volumeMountPoint(ctx, id, index, mount) };
  }
  return undefined;
}
