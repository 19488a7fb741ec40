import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { runNative } from "../../host/spawn.ts";
import type { ContainerConfig, MountRequest } from "../../oci/container.ts";
import type { RootfsMount, SideMount } from "../../runtime/monitor.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { storageDriver } from "../../storage/driver.ts";
import { diffDirectory } from "../../storage/layers.ts";
import { volumeOverlay } from "../../storage/volumes.ts";
import {
  volumeContents,
  volumeFileSystem,
  volumeHolder,
  volumeImage,
  volumeMountPoint,
} from "../volume/file-system.ts";

/*
 * Mounts beside which the container writes (`-v …:O`), images, and parts of volumes and images (`subpath`). The monitor makes them, as it does the root filesystem,
 * in `overlays/N` of the container's directory; the runtime binds them where they are wanted.
 */

/** Where the monitor mounts what the mount with that index is to show; undefined where that needs no help. */
export function overlayTarget(ctx: Context, record: ContainerRecord, index: number): string | undefined {
  const mount = record.config.mounts[index] as MountRequest;
  const { overlay, subpath } = mount;
  if (!overlay && subpath === undefined && !isFileSystem(ctx, mount)) return undefined;
  return path.join(overlayDirectory(ctx, record, index), subpath === undefined ? "merged" : "subpath");
}

/** Whether a volume is one of its own. */
export function isFileSystem(ctx: Context, { type, source }: MountRequest): boolean {
  return type === "volume" && (volumeFileSystem(ctx, source) ?? volumeImage(ctx, source)) !== undefined;
}

function overlayDirectory(ctx: Context, { id }: ContainerRecord, index: number): string {
  return path.join(containerDirectory(ctx, id), "overlays", String(index));
}

/** Refuses what can't be made here. */
export function checkOverlays(
  ctx: Context,
  { mounts, rootfsOverlay }: ContainerConfig,
  hasOwnIds: boolean,
): void {
  const overlays = mounts.filter(
    ({ overlay, type, source }) => overlay || (type === "volume" && volumeImage(ctx, source)),
  );
  if (overlays.length === 0 && !rootfsOverlay) return;
  const { driver } = storageDriver(ctx);
  if (driver !== "overlay") {
    throw new EngineError(
      "not-supported",
      `overlay volumes, --rootfs DIR:O and images as mounts with the storage driver ${driver} are not supported yet`,
    );
  }
  if (hasOwnIds && overlays.some(({ type }) => type === "image")) {
    throw new EngineError(
      "not-supported",
      "images as mounts in a user namespace with ids of its own are not supported yet",
    );
  }
}

/** For the monitor. */
export function overlayMounts(ctx: Context, record: ContainerRecord): SideMount[] {
  return record.config.mounts.flatMap((mount, index) => [
    ...volumeMounts(ctx, record, mount, index),
    ...overlayMount(ctx, record, mount, index),
    ...subpathMount(ctx, record, mount, index),
  ]);
}

/** A volume that is a file system of its own is mounted once, by whoever uses it first. */
function volumeMounts(
  ctx: Context,
  record: ContainerRecord,
  mount: MountRequest,
  index: number,
): SideMount[] {
  if (!isFileSystem(ctx, mount)) return [];
  const target = volumeMountPoint(ctx, record.id, index, mount);
  const holder = volumeHolder(ctx, mount.source, record.id);
  if (holder) return [{ driver: "adopt", pid: holder.pid, source: holder.path, target }];
  const filesystem = volumeFileSystem(ctx, mount.source);
  if (filesystem) return [{ driver: "filesystem", ...filesystem, target }];
  const lower = (volumeImage(ctx, mount.source)?.layers ?? []).map((key) => diffDirectory(ctx, key));
  return [overlay(ctx, lower, volumeOverlay(ctx, mount.source), target)];
}

function overlayMount(ctx: Context, record: ContainerRecord, mount: MountRequest, index: number): Overlay[] {
  if (!mount.overlay) return [];
  const directory = overlayDirectory(ctx, record, index);
  const own = { upper: path.join(directory, "upper"), work: path.join(directory, "work") };
  const lower = isFileSystem(ctx, mount) ? [path.join(directory, "lower")] : lowerOf(ctx, mount);
  const kept = mount.overlay === "temporary" ? own : mount.overlay;
  return [overlay(ctx, lower, kept, path.join(directory, "merged"))];
}

function overlay(
  ctx: Context,
  lower: string[],
  own: { upper: string; work: string },
  target: string,
): Overlay {
  return {
    driver: "overlay",
    lower,
    ...own,
    target,
    options: storageDriver(ctx).options,
    readOnly: false,
  };
}

function subpathMount(
  ctx: Context,
  record: ContainerRecord,
  mount: MountRequest,
  index: number,
): SideMount[] {
  if (mount.subpath === undefined) return [];
  const directory = overlayDirectory(ctx, record, index);
  return [
    {
      driver: "subpath",
      source:
        mount.overlay || isFileSystem(ctx, mount)
          ? path.join(directory, "merged")
          : volumeContents(ctx, mount.source),
      path: mount.subpath,
      target: path.join(directory, "subpath"),
    },
  ];
}

function lowerOf(ctx: Context, mount: MountRequest): string[] {
  if (mount.type === "image") return (mount.image?.layers ?? []).map((key) => diffDirectory(ctx, key));
  return [mount.type === "volume" ? volumeContents(ctx, mount.source) : mount.source];
}

/** Before a start: what the last run has written beside its sources is gone, unless it was to be kept. */
export function renewOverlays(ctx: Context, record: ContainerRecord): void {
  const mounts = overlayMounts(ctx, record);
  if (mounts.length === 0) return;
  for (const mount of record.config.mounts) checkOverlay(ctx, mount);
  const all = path.join(containerDirectory(ctx, record.id), "overlays");
  if (fs.existsSync(all)) runNative(ctx, "coracle-layer", ["remove", all]);
  for (const mount of mounts) {
    if (mount.driver === "none") continue;
    ensureDirectory(path.dirname(mount.target));
    if (mount.driver !== "overlay") continue;
    const { upper, work, target, lower } = mount;
    for (const directory of [work, target]) ensureDirectory(directory);
    if (fs.existsSync(upper)) continue;
    // A file system that the monitor has yet to mount.
    if (!fs.existsSync(lower[0] as string)) ensureDirectory(lower[0] as string);
    ensureDirectory(upper);
    // The upper directory's owner and mode are those of the mount's root.
    const { mode, uid, gid } = fs.statSync(lower[0] as string);
    fs.chmodSync(upper, mode & 0o7777);
    fs.chownSync(upper, uid, gid);
  }
}

/** What is of the host is the user's to make. */
function checkOverlay(ctx: Context, mount: MountRequest): void {
  const { overlay, type } = mount;
  if (!overlay || type === "image") return;
  const [source = ""] = lowerOf(ctx, mount);
  const mustExist = (directory: string, call: string) => {
    if (fs.existsSync(directory)) return;
    const reason = `${call} ${directory}: no such file or directory`;
    throw new EngineError("no-such-source", `mounting overlay failed "${source}": ${reason}`, {
      hint: "make the directory first",
      exitCode: 127,
    });
  };
  if (type === "bind") mustExist(source, "stat");
  if (overlay === "temporary") return;
  mustExist(overlay.upper, "chmod");
  mustExist(overlay.work, "workdir");
}

type Overlay = Extract<RootfsMount, { driver: "overlay" | "fuse-overlayfs" }>;
