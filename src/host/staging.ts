import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../errors.ts";
import type { Context } from "./context.ts";
import { ensureDirectory } from "./context.ts";
import { listDirectory } from "./files.ts";
import { runLayerTool } from "./layer-tool.ts";
import { isOwnerAlive, ownerName } from "./owner.ts";

/*
 * `<graphRoot>/staging/<kind>-<owner>`: where long work happens outside of locks, on the file system of the store, so
 * that a rename out of it commits. What a dead process left there is removed by the next command.
 */

/** `lock` is short-lived (lock.ts); `trash` is what was renamed away to be removed. */
export type StagingKind =
  | "image"
  | "container"
  | "volume"
  | "build"
  | "network"
  | "probe"
  | "push"
  | "quadlet"
  | "output"
  | "trash"
  | "lock";

export interface Staging {
  path: string;
  /** Removes what is left of it; harmless after a rename of the directory itself. */
  remove(): Promise<void>;
}

export function stagingDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "staging");
}

export function createStaging(ctx: Context, kind: StagingKind): Staging {
  const directory = path.join(stagingDirectory(ctx), `${kind}-${ownerName()}`);
  ensureDirectory(directory);
  return { path: directory, remove: () => removeTrees(ctx, [directory]) };
}

/** Where copies of images are made on their way out: by Podman's variable, by containers.conf, else in the store. */
export function copyDirectory(ctx: Context): string {
  if (process.env.TMPDIR) return process.env.TMPDIR;
  const configured = ctx.config.engine.image_copy_tmp_dir ?? "";
  if (configured === "" || configured === "storage") return stagingDirectory(ctx);
  if (path.isAbsolute(configured)) return configured;
  throw new EngineError(
    "bad-config",
    `invalid image_copy_tmp_dir value ${JSON.stringify(configured)} (relative paths are not accepted)`,
    { hint: "correct it in containers.conf" },
  );
}

/** A place in that directory. Outside of the store nobody removes what we leave when we are killed. */
export function createCopyStaging(ctx: Context): Staging {
  const directory = copyDirectory(ctx);
  if (directory === stagingDirectory(ctx)) return createStaging(ctx, "push");
  try {
    const made = fs.mkdtempSync(path.join(directory, "coracle-"));
    return { path: made, remove: () => fs.promises.rm(made, { recursive: true, force: true }) };
  } catch (error) {
    throw new EngineError(
      "no-directory",
      `creating temporary directory in ${directory}: ${reasonOf(error)}`,
      {
        hint: "TMPDIR, or image_copy_tmp_dir of containers.conf, must name a directory that can be written",
        cause: error,
      },
    );
  }
}

/** Moves a directory or file of the store out of sight in one step; `removeTrees` on the result may then take its time. */
export function moveToTrash(ctx: Context, file: string): string | undefined {
  ensureDirectory(stagingDirectory(ctx));
  const target = path.join(stagingDirectory(ctx), `trash-${ownerName()}`);
  try {
    fs.renameSync(file, target);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
  return target;
}

/**
 * Removes what dead processes left. Costs one readdir when there is nothing. What a dead pull or load left is the
 * business of `reapImages` (src/storage/image-store.ts), which also looks for layers that no image names; what a dead
 * create left that of `sweep` (src/engine/container/heal.ts), which looks for the container as well.
 */
export async function reapStaging(
  ctx: Context,
  kinds: (kind: StagingKind) => boolean = (kind) => kind !== "image" && kind !== "container",
): Promise<void> {
  const trash: string[] = [];
  for (const name of listDirectory(stagingDirectory(ctx))) {
    if (isOwnerAlive(name) !== false || !kinds(kindOf(name))) continue;
    // The rename gives it to exactly one of several reapers.
    const moved = moveToTrash(ctx, path.join(stagingDirectory(ctx), name));
    if (moved !== undefined) trash.push(moved);
  }
  await removeTrees(ctx, trash);
}

function kindOf(name: string): StagingKind {
  return name.split("-", 1)[0] as StagingKind;
}

/** Whether a process has staging of that kind: a live one, or (`alive` false) a dead one. */
export function hasStaging(ctx: Context, kind: StagingKind, alive: boolean): boolean {
  return listDirectory(stagingDirectory(ctx)).some(
    (name) => kindOf(name) === kind && isOwnerAlive(name) === alive,
  );
}

/** What live processes have, as paths. */
export function liveStaging(ctx: Context, kind: StagingKind): string[] {
  const directory = stagingDirectory(ctx);
  return listDirectory(directory)
    .filter((name) => kindOf(name) === kind && isOwnerAlive(name) === true)
    .map((name) => path.join(directory, name));
}

/** What dead processes left, as paths. */
export function deadStaging(ctx: Context, kinds?: readonly StagingKind[]): string[] {
  const directory = stagingDirectory(ctx);
  return listDirectory(directory)
    .filter((name) => isOwnerAlive(name) === false && (kinds?.includes(kindOf(name)) ?? true))
    .map((name) => path.join(directory, name));
}

/** Removes trees whatever their modes and owners. Plain files and empty directories cost no process. */
export async function removeTrees(ctx: Context, trees: readonly string[]): Promise<void> {
  const full = trees.filter((tree) => !removeSimple(tree));
  if (full.length === 0) return;
  try {
    await runLayerTool(ctx, ["remove", ...full]);
  } catch {
    // It is out of sight; the next reaper tries again.
  }
}

function removeSimple(file: string): boolean {
  try {
    fs.rmdirSync(file);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return true;
    if (!isErrno(error, "ENOTDIR")) return false;
  }
  fs.rmSync(file, { force: true });
  return true;
}
