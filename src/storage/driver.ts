import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { EngineError } from "../errors.ts";
import { type Context, ensureDirectory, isRealRoot } from "../host/context.ts";
import { readJson, writeJsonAtomic } from "../host/files.ts";
import { findProgram } from "../host/programs.ts";
import { runNative } from "../host/spawn.ts";
import { createStaging } from "../host/staging.ts";
import type { StorageDriver } from "./image-types.ts";

/** How container root filesystems are made. Layers are stored alike for all drivers. */
export interface DriverChoice {
  driver: StorageDriver;
  /** Mount options beyond the directories. */
  options: string[];
  /** Path of fuse-overlayfs, for that driver. */
  program?: string;
}

/** `driver.json`: what was found, and the facts on which that rests. */
interface RememberedChoice extends DriverChoice {
  version: 1;
  kernel: string;
  namespace: string;
}

const drivers: readonly StorageDriver[] = ["overlay", "fuse-overlayfs", "vfs"];

/**
 * The best driver that works here, found by mounting once with the code that mounts for containers: kernel versions
 * and file system types don't tell. --storage-driver overrides.
 */
export function storageDriver(ctx: Context): DriverChoice {
  const asked = driverAsked(ctx);
  const remembered = remember(ctx);
  if (remembered && (asked === undefined || asked === remembered.driver)) return remembered;
  if (asked !== undefined) return driverAskedFor(ctx, asked);
  const reasons: string[] = [];
  for (const driver of inOrder(ctx.config.storage?.driverPriority ?? [])) {
    const choice = describe(ctx, driver);
    const problem = choice ? tryDriver(ctx, choice) : "not installed";
    if (choice && problem === undefined) {
      const facts = { version: 1 as const, kernel: os.release(), namespace: ctx.namespace };
      ensureDirectory(ctx.graphRoot);
      writeJsonAtomic(driverFile(ctx), { ...facts, ...choice } satisfies RememberedChoice, {
        durable: false,
      });
      return choice;
    }
    reasons.push(`${driver}: ${problem}`);
  }
  throw new EngineError(
    "no-storage-driver",
    `no storage driver works in ${ctx.graphRoot}: ${reasons.join("; ")}`,
    {
      hint: "put the store on a local file system with --root",
    },
  );
}

/** Those of storage.conf first, then the others. `overlay` is with the kernel or without. */
function inOrder(priority: readonly string[]): StorageDriver[] {
  const first = priority.flatMap((name) =>
    name === "overlay" ? (["overlay", "fuse-overlayfs"] as const) : drivers.filter((it) => it === name),
  );
  return [...new Set([...first, ...drivers])];
}

/** `overlay` means whichever of the two works, unless the program to mount with is named, as in storage.conf(5). */
function driverAsked(ctx: Context): string | undefined {
  const name = ctx.options.storageDriver ?? (process.env.STORAGE_DRIVER || ctx.config.storage?.driver);
  if (name !== undefined && name !== "overlay" && name !== "overlay2") return name;
  return ctx.storage.mountProgram === undefined ? undefined : "fuse-overlayfs";
}

function driverFile(ctx: Context): string {
  return path.join(ctx.graphRoot, "driver.json");
}

function remember(ctx: Context): DriverChoice | undefined {
  let found: RememberedChoice | undefined;
  try {
    found = readJson<RememberedChoice>(driverFile(ctx));
  } catch {
    return undefined;
  }
  if (found?.version !== 1 || found.kernel !== os.release() || found.namespace !== ctx.namespace)
    return undefined;
  if (found.program !== undefined && !fs.existsSync(found.program)) return undefined;
  const { driver, options, program } = found;
  return program === undefined ? { driver, options } : { driver, options, program };
}

function driverAskedFor(ctx: Context, name: string): DriverChoice {
  const driver = name as StorageDriver; // context.ts has looked
  const choice = describe(ctx, driver);
  const problem = choice ? tryDriver(ctx, choice) : "the program fuse-overlayfs is not installed";
  if (!choice || problem !== undefined) {
    throw new EngineError(
      "storage-driver-failed",
      `storage driver ${driver} does not work here: ${problem}`,
      {
        hint: "leave out --storage-driver to have one chosen",
      },
    );
  }
  return choice;
}

function describe(ctx: Context, driver: StorageDriver): DriverChoice | undefined {
  if (driver === "overlay") return { driver, options: isRealRoot(ctx) ? [] : ["userxattr"] };
  if (driver === "vfs") return { driver, options: [] };
  const program = ctx.storage.mountProgram ?? findProgram("fuse-overlayfs");
  return program === undefined ? undefined : { driver, options: [], program };
}

/** Why it doesn't work, or undefined. */
function tryDriver(ctx: Context, choice: DriverChoice): string | undefined {
  if (choice.driver === "vfs") return undefined;
  const staging = createStaging(ctx, "probe");
  const directories = ["lower", "upper", "work", "target"].map((name) => path.join(staging.path, name));
  for (const directory of directories) ensureDirectory(directory);
  const [lower, upper, work, target] = directories;
  fs.writeFileSync(path.join(lower as string, "file"), "");
  const { driver, options, program } = choice;
  const rootfs = { driver, lower: [lower], upper, work, target, options, ...(program ? { program } : {}) };
  try {
    writeJsonAtomic(
      path.join(staging.path, "monitor.json"),
      { ...probeMonitor(staging.path), rootfs },
      { durable: false },
    );
    runNative(ctx, "coracle-monitor", ["mount", staging.path]);
    const works = fs.existsSync(path.join(target as string, "file"));
    runNative(ctx, "coracle-monitor", ["unmount", staging.path]);
    return works ? undefined : "the mount shows nothing of its lower directory";
  } catch (error) {
    if (error instanceof EngineError) return error.message;
    throw error;
  } finally {
    fs.rmSync(staging.path, { recursive: true, force: true });
  }
}

/** What monitor.json must have beside `rootfs`: what to do with a container that there will never be. */
export function probeMonitor(directory: string): object {
  return {
    version: 1,
    id: "probe",
    name: "probe",
    runtime: { path: null, root: directory },
    terminal: false,
    openStdin: false,
    stdinOnce: false,
    log: { driver: "none", path: "", maxSize: 0, maxFile: 1 },
    runDir: directory,
    aliveFile: null,
    network: { mode: "none" },
    stopSignal: 15,
    stopTimeout: 0,
    timeout: 0,
    restart: { policy: "no", max: 0 },
    cleanup: null,
    cleanupAlways: false,
  };
}
