import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { runNative } from "../../host/native.ts";
import { findProgram } from "../../host/programs.ts";
import type { IdMapping } from "../../oci/runtime-spec.ts";
import type { RootfsMount } from "../../runtime/monitor.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { storageDriver } from "../../storage/driver.ts";
import { readLayerFile } from "../../storage/layer-files.ts";
import { diffDirectory } from "../../storage/layers.ts";

/** Where the root filesystem of a container is while it is mounted. */
export function rootfsPath(ctx: Context, record: ContainerRecord): string {
  if (record.config.rootfs !== null) return record.config.rootfs;
  return path.join(containerDirectory(ctx, record.id), record.driver === "vfs" ? "rootfs" : "merged");
}

/** How the monitor mounts it. */
export function rootfsMount(
  ctx: Context,
  record: ContainerRecord,
  mappings: { uid: IdMapping[]; gid: IdMapping[] } | null,
): RootfsMount {
  if (record.driver === "none" || record.driver === "vfs") return { driver: "none" };
  const directory = containerDirectory(ctx, record.id);
  const common = {
    lower: record.layers.map((key) => diffDirectory(ctx, key)),
    upper: path.join(directory, "upper"),
    work: path.join(directory, "work"),
    target: path.join(directory, "merged"),
    readOnly: record.config.readOnly,
  };
  if (record.driver === "overlay") {
    const { options } = storageDriver(ctx);
    return { driver: "overlay", ...common, options: isVolatile(record) ? [...options, "volatile"] : options };
  }
  const program = findProgram("fuse-overlayfs");
  if (!program) {
    throw new EngineError(
      "no-fuse-overlayfs",
      "fuse-overlayfs is not installed, and this container needs it",
      {
        hint: "install it (`apt install fuse-overlayfs`)",
      },
    );
  }
  return {
    driver: "fuse-overlayfs",
    ...common,
    options: [],
    program,
    ...(mappings ? { uidMapping: fuseMapping(mappings.uid), gidMapping: fuseMapping(mappings.gid) } : {}),
  };
}

/** Nothing of a --rm container outlives it: then unmounting needs no sync of the whole file system, which may take long. */
function isVolatile(record: ContainerRecord): boolean {
  return record.driver === "overlay" && record.config.autoRemove;
}

/** The kernel refuses to mount a volatile overlay a second time, as a crash may have lost writes; that is no matter here. */
export function allowMount(ctx: Context, record: ContainerRecord): void {
  if (!isVolatile(record)) return;
  fs.rmSync(path.join(containerDirectory(ctx, record.id), "work/work/incompat"), {
    recursive: true,
    force: true,
  });
}

/** fuse-overlayfs(1): `uidmapping=UID:MAPPED-UID:SIZE:…`, the ids in the image on the left. */
function fuseMapping(mappings: IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID}:${hostID}:${size}`).join(":");
}

/**
 * Runs `work` while the root filesystem of a container is mounted in our own mount namespace; of a running one, its own
 * mount is used through /proc.
 */
export async function withRootfs<T>(
  ctx: Context,
  record: ContainerRecord,
  initPid: number | undefined,
  work: (root: string) => Promise<T> | T,
): Promise<T> {
  if (initPid !== undefined) return await work(`/proc/${initPid}/root`);
  if (record.driver === "none" || record.driver === "vfs") return await work(rootfsPath(ctx, record));
  const directory = containerDirectory(ctx, record.id);
  allowMount(ctx, record);
  runNative(ctx, "coracle-monitor", ["mount", directory]);
  try {
    return await work(rootfsPath(ctx, record));
  } finally {
    runNative(ctx, "coracle-monitor", ["unmount", directory]);
  }
}

/** Text of the container's /etc/passwd and /etc/group as they are now; "" where there is none. */
export async function userDatabases(
  ctx: Context,
  record: ContainerRecord,
): Promise<{ passwd: string; group: string }> {
  const passwd = quickRead(ctx, record, "passwd");
  const group = quickRead(ctx, record, "group");
  if (passwd !== undefined && group !== undefined) return { passwd, group };
  return withRootfs(ctx, record, undefined, (root) => ({
    passwd: readInRoot(ctx, root, "/etc/passwd"),
    group: readInRoot(ctx, root, "/etc/group"),
  }));
}

/** From the image's layers, as long as the container itself has not touched its /etc. */
function quickRead(ctx: Context, record: ContainerRecord, name: string): string | undefined {
  if (record.driver !== "overlay" && record.driver !== "fuse-overlayfs") return undefined;
  if (fs.existsSync(path.join(containerDirectory(ctx, record.id), "upper/etc"))) return undefined;
  return readLayerFile(ctx, record.layers, `etc/${name}`);
}

/** A small file below `root`, as a process with that root would see it; "" where there is none. */
export function readInRoot(ctx: Context, root: string, file: string): string {
  try {
    return runNative(ctx, "coracle-layer", ["cat", "--root", root, "--path", file]).toString();
  } catch (error) {
    if (error instanceof EngineError && error.code === "not-found") return "";
    throw error;
  }
}
