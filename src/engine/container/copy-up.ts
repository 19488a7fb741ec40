import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { listDirectory } from "../../host/files.ts";
import { withLock } from "../../host/lock.ts";
import { runNative } from "../../host/spawn.ts";
import type { MountRequest } from "../../oci/container.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import {
  getVolume,
  hadFirstUse,
  isHalfFilled,
  noteFirstUse,
  noteOwner,
  type VolumeRecord,
  whileFilling,
} from "../../storage/volumes.ts";
import { volumeContents } from "../volume/file-system.ts";
import { isFileSystem } from "./overlays.ts";
import type { Owner } from "./owner.ts";
import { statInRoot } from "./root-files.ts";
import { withRootfs } from "./rootfs.ts";

interface NewVolume {
  volume: VolumeRecord;
  target: string;
  destination: string;
  /** Whether it is to get what the image has in its place. */
  fill: boolean;
  /** Whether its root is still to become somebody's. */
  own: boolean;
}

/**
 * What a volume's first use brings, as Podman has it: an empty one gets what the image has in its place, and its root the
 * owner and mode that the directory has there; where the image has nothing, it becomes the container's user's. What was
 * filled stays as it is, whatever becomes of it; an owner is given anew by each container that comes and finds it empty,
 * until it was root. (Not by one that was started before: the mount point that the runtime made in it is nobody's wish.)
 */
export async function copyUpVolumes(
  ctx: Context,
  record: ContainerRecord,
  owner: Owner,
  wasStarted: boolean,
): Promise<void> {
  const found = record.config.mounts.filter((mount) => newVolume(ctx, mount, wasStarted) !== undefined);
  if (found.length === 0) return;
  await withRootfs(ctx, record, undefined, async (root) => {
    for (const mount of found) {
      // Others that want it wait until it is complete.
      await withLock(ctx, `volume/${mount.source}`, () => firstUse(ctx, mount, root, owner, wasStarted));
    }
  });
}

/** Only what the image has, before the first start: prepare_volume_on_create of containers.conf. */
export async function fillVolumes(ctx: Context, record: ContainerRecord): Promise<void> {
  const found = record.config.mounts.filter((mount) => newVolume(ctx, mount, true)?.fill);
  if (found.length === 0) return;
  await withRootfs(ctx, record, undefined, async (root) => {
    for (const mount of found) {
      await withLock(ctx, `volume/${mount.source}`, () => {
        const volume = newVolume(ctx, mount, true);
        if (volume) whileFilling(ctx, volume.volume, () => fill(ctx, volume, root));
      });
    }
  });
}

function firstUse(ctx: Context, mount: MountRequest, root: string, owner: Owner, wasStarted: boolean): void {
  const found = newVolume(ctx, mount, wasStarted);
  if (found?.fill) whileFilling(ctx, found.volume, () => fill(ctx, found, root));
  if (found?.own) own(ctx, found, root, owner);
}

function newVolume(ctx: Context, mount: MountRequest, wasStarted: boolean): NewVolume | undefined {
  if (mount.type !== "volume" || isFileSystem(ctx, mount)) return undefined;
  const volume = getVolume(ctx, mount.source);
  const target = volumeContents(ctx, volume.name);
  const fill =
    !mount.noCopy &&
    !volume.noCopy &&
    !hadFirstUse(ctx, volume, "filled") &&
    (isHalfFilled(ctx, volume) || listDirectory(target).length === 0);
  const own = !wasStarted && !hadFirstUse(ctx, volume, "owned");
  return fill || own ? { volume, target, destination: mount.destination, fill, own } : undefined;
}

function fill(ctx: Context, { volume, target, destination }: NewVolume, root: string): void {
  const { uid, gid, mode } = fs.statSync(target);
  const clone = ["clone", "--from", root, "--from-path", destination, "--to", target];
  try {
    runNative(ctx, "coracle-layer", clone);
  } catch (error) {
    if (error instanceof EngineError && ["not-found", "not-a-directory"].includes(error.code)) return;
    throw error;
  }
  if (path.posix.normalize(`${destination}/`) === "/etc/") linkMtab(target);
  // The directory's own owner and mode come along, and are there already where one was killed who filled it.
  fs.chownSync(target, volume.uid ?? uid, volume.gid ?? gid);
  fs.chmodSync(target, mode & 0o7777);
  if (listDirectory(target).length > 0) noteFirstUse(ctx, volume, "filled");
}

/** Where an image has none, its containers do (native/monitor/mtab.c), and have had it before their volumes. */
function linkMtab(etc: string): void {
  try {
    fs.symlinkSync("/proc/mounts", path.join(etc, "mtab"));
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
}

function own(ctx: Context, { volume, target, destination }: NewVolume, root: string, owner: Owner): void {
  const isFilled = hadFirstUse(ctx, volume, "filled");
  if (!isFilled && listDirectory(target).length > 0) {
    noteFirstUse(ctx, volume, "owned");
    return;
  }
  const found = statInRoot(ctx, root, destination);
  const there = found?.type === "directory" ? found : undefined;
  noteOwner(ctx, volume, owner);
  fs.chownSync(target, there?.uid ?? owner.uid, there?.gid ?? owner.gid);
  if (there) fs.chmodSync(target, there.mode & 0o7777);
  if (isFilled || (there?.uid === 0 && there.gid === 0)) noteFirstUse(ctx, volume, "owned");
}

/**
 * The `U` option: what is mounted, and all in it, becomes the container's user's. As Podman has it, once it was started
 * what lies in a directory that is the user's is left alone.
 */
export function chownSources(ctx: Context, record: ContainerRecord, owner: Owner, wasStarted: boolean): void {
  for (const mount of record.config.mounts) {
    if (!mount.chown || mount.type === "tmpfs" || isFileSystem(ctx, mount)) continue;
    const source = mount.type === "volume" ? volumeContents(ctx, mount.source) : mount.source;
    runNative(ctx, "coracle-layer", [
      "chown",
      "--dir",
      source,
      "--uid",
      `${owner.uid}`,
      "--gid",
      `${owner.gid}`,
      ...(wasStarted ? ["--unless-done"] : []),
    ]);
  }
}
