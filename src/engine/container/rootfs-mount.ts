import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findProgram } from "../../host/programs.ts";
import { runNative } from "../../host/spawn.ts";
import type { IdMapping } from "../../oci/runtime-spec.ts";
import type { RootfsMount } from "../../runtime/monitor.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { storageDriver } from "../../storage/driver.ts";
import { diffDirectory, missingLayer } from "../../storage/layers.ts";

/** What lies below its own changes, topmost first: the layers of its image, or the directory of `--rootfs DIR:O`. */
export function lowerDirectories(ctx: Context, { config, layers }: LowerPart): string[] {
  if (config.rootfs !== null) return [config.rootfs];
  return layers.map((key) => diffDirectory(ctx, key));
}

type LowerPart = Pick<ContainerRecord, "config" | "layers">;

/** For what a container writes. The upper directory's mode is that of its `/`. */
export function makeUpper(directory: string, lowest: string | undefined): void {
  // mkdir's mode is subject to the umask.
  for (const name of ["upper", "work", "merged"]) {
    fs.mkdirSync(path.join(directory, name), { mode: 0o755, recursive: true });
  }
  const below = lowest === undefined ? undefined : fs.statSync(lowest, { throwIfNoEntry: false });
  if (lowest !== undefined && !below) throw missingLayer(path.basename(path.dirname(lowest)));
  fs.chmodSync(path.join(directory, "upper"), below ? below.mode & 0o7777 : 0o755);
}

/** Before a start: what the last run wrote beside the directory of `--rootfs DIR:O` is gone. */
export function renewRootfs(ctx: Context, record: ContainerRecord): void {
  if (!record.config.rootfsOverlay) return;
  const directory = containerDirectory(ctx, record.id);
  runNative(ctx, "coracle-layer", ["remove", path.join(directory, "upper"), path.join(directory, "work")]);
  makeUpper(directory, record.config.rootfs as string);
}

/** How the monitor mounts it. */
export function rootfsMount(
  ctx: Context,
  record: ContainerRecord,
  mappings: { uid: IdMapping[]; gid: IdMapping[] } | null,
): RootfsMount {
  // A directory of the host's (--rootfs) stays as it is.
  if (record.driver === "none") return { driver: "none" };
  if (record.driver === "vfs")
    return { driver: "none", target: path.join(containerDirectory(ctx, record.id), "rootfs") };
  const directory = containerDirectory(ctx, record.id);
  const common = {
    lower: lowerDirectories(ctx, record),
    upper: path.join(directory, "upper"),
    work: path.join(directory, "work"),
    target: path.join(directory, "merged"),
    readOnly: record.config.readOnly,
  };
  if (record.driver === "overlay") {
    const { options } = storageDriver(ctx);
    return {
      driver: "overlay",
      ...common,
      options: isVolatile(ctx, record) ? [...options, "volatile"] : options,
    };
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
function isVolatile({ config }: Context, record: ContainerRecord): boolean {
  return record.driver === "overlay" && record.config.autoRemove && !config.storage?.disableVolatile;
}

/** The kernel refuses to mount a volatile overlay a second time, as a crash may have lost writes; that is no matter here. */
export function allowMount(ctx: Context, record: ContainerRecord): void {
  if (!isVolatile(ctx, record)) return;
  fs.rmSync(path.join(containerDirectory(ctx, record.id), "work/work/incompat"), {
    recursive: true,
    force: true,
  });
}

/** fuse-overlayfs(1): `uidmapping=UID:MAPPED-UID:SIZE:…`, the ids in the image on the left. */
function fuseMapping(mappings: IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID}:${hostID}:${size}`).join(":");
}
