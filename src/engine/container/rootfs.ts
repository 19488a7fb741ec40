import * as fs from "node:fs";
import * as path from "node:path";
import { isErrno } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { readWholeJson } from "../../host/files.ts";
import { runNative } from "../../host/spawn.ts";
import { containerIdMappings } from "../../oci/generate-spec.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { isActive, type MonitorStatus, readStatus } from "../../runtime/status.ts";
import { readLayerFile } from "../../storage/layer-files.ts";
import { hostFacts } from "./host-facts.ts";
import { monitorConfig } from "./monitor-config.ts";
import { readInRoot, refuseForeign } from "./root-files.ts";
import { allowMount } from "./rootfs-mount.ts";

/** Where the root filesystem of a container is while it is mounted. */
export function rootfsPath(ctx: Context, record: ContainerRecord): string {
  const { rootfs, rootfsOverlay } = record.config;
  if (rootfs !== null && !rootfsOverlay) return rootfs;
  return path.join(containerDirectory(ctx, record.id), record.driver === "vfs" ? "rootfs" : "merged");
}

/** Runs `work` with the root filesystem of a container; of a running one, with all that is mounted into it. */
export async function withRootfs<T>(
  ctx: Context,
  record: ContainerRecord,
  initPid: number | undefined,
  work: (root: string) => Promise<T> | T,
): Promise<T> {
  if (initPid !== undefined) {
    refuseForeign(initPid);
    return await work(`/proc/${initPid}/root`);
  }
  return await withBareRootfs(ctx, record, work);
}

/**
 * The same without what is mounted into a container: by the mount of its monitor, also between two runs, since a second one
 * of the same upperdir would not see what the other writes; without a monitor, in our own mount namespace.
 */
export async function withBareRootfs<T>(
  ctx: Context,
  record: ContainerRecord,
  work: (root: string) => Promise<T> | T,
): Promise<T> {
  const root = rootfsPath(ctx, record);
  if (record.driver === "none" || record.driver === "vfs") return await work(root);
  const { state, last } = readStatus(ctx, record.id);
  if (isActive(state)) {
    const monitor = (last as MonitorStatus).monitor?.pid as number;
    refuseForeign(monitor);
    return await work(`/proc/${monitor}/root${root}`);
  }
  mountRootfs(ctx, record);
  try {
    return await work(root);
  } finally {
    runNative(ctx, "coracle-monitor", ["unmount", containerDirectory(ctx, record.id)]);
  }
}

/** Mounts the root filesystem of a container that doesn't run, in our own mount namespace. */
export function mountRootfs(ctx: Context, record: ContainerRecord): void {
  describeMount(ctx, record);
  allowMount(ctx, record);
  runNative(ctx, "coracle-monitor", ["mount", containerDirectory(ctx, record.id)]);
}

/** Before its first start nothing has told the monitor's program how a container's root filesystem is mounted. */
function describeMount(ctx: Context, record: ContainerRecord): void {
  const file = path.join(containerDirectory(ctx, record.id), "monitor.json");
  if (readWholeJson(file)) return;
  fs.rmSync(file, { force: true });
  const mappings = containerIdMappings(record.config, hostFacts(ctx));
  const offline: ContainerRecord = { ...record, config: { ...record.config, network: { kind: "none" } } };
  try {
    fs.writeFileSync(file, JSON.stringify(monitorConfig(ctx, offline, mappings, { mode: "none" }, null)), {
      flag: "wx",
      mode: 0o600,
    });
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error; // another command starts it just now
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

/** Text of a file in the container's /etc as it is now; "" where there is none. */
export async function imageFile(ctx: Context, record: ContainerRecord, name: string): Promise<string> {
  return (
    quickRead(ctx, record, name) ??
    (await withRootfs(ctx, record, undefined, (root) => readInRoot(ctx, root, `/etc/${name}`)))
  );
}

/** From the image's layers, as long as the container itself has not touched its /etc. */
function quickRead(ctx: Context, record: ContainerRecord, name: string): string | undefined {
  if (record.config.rootfs !== null || record.driver === "vfs") return undefined;
  if (fs.existsSync(path.join(containerDirectory(ctx, record.id), "upper/etc"))) return undefined;
  return readLayerFile(ctx, record.layers, `etc/${name}`);
}
