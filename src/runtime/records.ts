import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { ensureDirectory } from "../host/context.ts";
import { listDirectory, readJson, syncDirectory, writeJsonAtomic } from "../host/files.ts";
import { isLocked, withLock } from "../host/lock.ts";
import { type ProcessIdentity, self } from "../host/process.ts";
import { deadStaging, liveStaging } from "../host/staging.ts";
import type { ContainerConfig } from "../oci/container.ts";

/** `containers/<id>/record.json`: what was asked for at create. Changed only by rename and update. */
export interface ContainerRecord {
  version: 1;
  /** 64 hex digits. */
  id: string;
  name: string;
  createdAt: string;
  config: ContainerConfig;
  /** Names of the image's layers below `layers/`, topmost first; empty with --rootfs. */
  layers: string[];
  /** Storage driver that made its root filesystem. */
  driver: "overlay" | "fuse-overlayfs" | "vfs" | "none";
  /** Path of an OCI runtime to use instead of our own, or null. */
  runtime: string | null;
  /** What it was called by, for inspect. */
  runtimeName?: string;
  /** The command line that made it, for inspect. */
  createCommand: string[];
  /** The command that is making it, or restarts it; of interest only until it has. */
  creator: ProcessIdentity;
  /** Made by `run`, which has yet to start it. */
  startPending: boolean;
  /** Host file to write init's pid to (--pidfile), or "". */
  pidFile: string;
  /** Host file to write the monitor's pid to (--conmon-pidfile). */
  conmonPidFile?: string;
  /** Host file with the id (--cidfile), which goes with the container, or "". */
  cidFile: string;
}

export function containersDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "containers");
}

export function containerDirectory(ctx: Context, id: string): string {
  return path.join(containersDirectory(ctx), id);
}

function namesDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "names");
}

export function readRecord(ctx: Context, id: string): ContainerRecord | undefined {
  return readRecordIn(containerDirectory(ctx, id));
}

/** The record in a container's directory, wherever that is: in staging, in its place, in the trash. */
export function readRecordIn(directory: string): ContainerRecord | undefined {
  const file = path.join(directory, "record.json");
  const record = readJson<ContainerRecord>(file);
  if (record === undefined || typeof record.config === "object") return record;
  throw new EngineError("corrupt-file", `${file} is not a container's record`, {
    hint: "`coracle rm --force` removes the container",
  });
}

/** In the staging directory of a command that makes a container: the container's own, to be renamed into place. */
export const stagedName = "container";

/** Writes the record of a container that is being made. */
export function stageRecord(record: ContainerRecord, staging: string): void {
  writeJsonAtomic(path.join(staging, "record.json"), record, { durable: !record.config.autoRemove });
}

/** Of containers that are being made. What is published meanwhile is among `listRecords` then, if that comes after. */
export function stagedRecords(ctx: Context): ContainerRecord[] {
  return liveStaging(ctx, "container").flatMap((directory) => {
    try {
      return readRecordIn(path.join(directory, stagedName)) ?? [];
    } catch {
      return [];
    }
  });
}

/** Ids of all containers, damaged ones included. */
export function listIds(ctx: Context): string[] {
  return listDirectory(containersDirectory(ctx)).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

/** All readable records; a damaged one is left to `system check`. */
export function listRecords(ctx: Context): ContainerRecord[] {
  const records: ContainerRecord[] = [];
  for (const id of listIds(ctx)) {
    const record = tryReadRecord(ctx, id);
    if (record) records.push(record);
  }
  return records;
}

/** The record, or undefined when it is gone or damaged. */
export function tryReadRecord(ctx: Context, id: string): ContainerRecord | undefined {
  try {
    return readRecord(ctx, id);
  } catch {
    return undefined;
  }
}

/** The id that a name stands for, if its container exists. */
export function idOfName(ctx: Context, name: string): string | undefined {
  const id = linkTarget(path.join(namesDirectory(ctx), name));
  return id !== undefined && fs.existsSync(path.join(containerDirectory(ctx, id), "record.json"))
    ? id
    : undefined;
}

/** Finds a container by name, id or unique id prefix, in this order (as Podman). */
export function findRecord(ctx: Context, nameOrId: string): ContainerRecord {
  const id = findId(ctx, nameOrId);
  const record = id === undefined ? undefined : readRecord(ctx, id);
  if (!record) throw noSuchContainer(nameOrId);
  return record;
}

export function noSuchContainer(nameOrId: string): EngineError {
  return new EngineError(
    "no-such-container",
    `no container with name or ID "${nameOrId}" found: no such container`,
    {
      hint: "`coracle ps -a` lists all containers",
    },
  );
}

/** The id of a container by name, id or unique prefix, whether or not its record can be read. */
export function findId(ctx: Context, asGiven: string): string | undefined {
  // Docker's names begin with a slash.
  const nameOrId = asGiven.replace(/^\//, "");
  if (nameOrId === "") throw new EngineError("empty-name", "name or ID cannot be empty");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(nameOrId)) return undefined;
  const named = idOfName(ctx, nameOrId);
  const id = named ?? (/^[0-9a-f]{1,64}$/.test(nameOrId) ? idOfPrefix(ctx, nameOrId) : undefined);
  return id !== undefined && fs.existsSync(containerDirectory(ctx, id)) ? id : undefined;
}

function idOfPrefix(ctx: Context, prefix: string): string | undefined {
  if (prefix.length === 64) return prefix;
  const matches = listIds(ctx).filter((id) => id.startsWith(prefix));
  if (matches.length > 1) {
    throw new EngineError(
      "ambiguous-container",
      `more than one result for container "${prefix}": container already exists`,
      { hint: `${matches.map((id) => id.slice(0, 12)).join(", ")} begin with it` },
    );
  }
  return matches[0];
}

/**
 * Publishes a container that was prepared in a staging directory: renames it into place, then takes its name. The name
 * is a symlink made with O_EXCL, so uniqueness needs no lock; a link whose container doesn't exist is a leftover of a
 * killed command and gives way. A container that its name doesn't point to is not complete: see isComplete().
 */
export async function publishContainer(
  ctx: Context,
  record: ContainerRecord,
  staging: string,
): Promise<void> {
  ensureDirectory(namesDirectory(ctx));
  ensureDirectory(containersDirectory(ctx));
  const durable = !record.config.autoRemove;
  stageRecord(record, staging);
  fs.renameSync(staging, containerDirectory(ctx, record.id));
  try {
    await claimName(ctx, record.name, record.id);
  } catch (error) {
    fs.renameSync(containerDirectory(ctx, record.id), staging);
    throw error;
  }
  if (durable) {
    syncDirectory(containersDirectory(ctx));
    syncDirectory(namesDirectory(ctx));
  }
}

/** Whether publishing finished. If it did not and the creator is dead, the container is a leftover. */
export function isComplete(ctx: Context, record: ContainerRecord): boolean {
  return linkTarget(path.join(namesDirectory(ctx), record.name)) === record.id;
}

async function claimName(ctx: Context, name: string, id: string): Promise<void> {
  const link = path.join(namesDirectory(ctx), name);
  for (;;) {
    try {
      fs.symlinkSync(id, link);
      return;
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
    }
    const owner = idOfName(ctx, name);
    if (owner !== undefined) throw nameInUse(name, owner);
    await withLock(ctx, "names", () => {
      if (idOfName(ctx, name) === undefined) fs.rmSync(link, { force: true });
    });
  }
}

export function linkTarget(link: string): string | undefined {
  try {
    return fs.readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** Gives a container the name again that its record has. */
export async function restoreName(ctx: Context, { name, id }: ContainerRecord): Promise<void> {
  ensureDirectory(namesDirectory(ctx));
  await claimName(ctx, name, id);
}

function nameInUse(name: string, id: string): EngineError {
  return new EngineError(
    "name-in-use",
    `creating container storage: the container name "${name}" is already in use by ${id}. You have to remove that container to be able to reuse that name: that name is already in use, or use --replace to instruct Podman to do so.`,
  );
}

/** The names that stand for a container: one, unless its rename was cut short. */
export function namesOf(ctx: Context, id: string): string[] {
  return listDirectory(namesDirectory(ctx)).filter(
    (name) => linkTarget(path.join(namesDirectory(ctx), name)) === id,
  );
}

/**
 * Removes names that a killed command left: of a container that is gone, or the second one of a container whose rename
 * was cut short. Costs a look at every name: only where there is dead staging of such a command.
 */
export async function reapNames(ctx: Context): Promise<void> {
  if (deadStaging(ctx, ["container", "trash"]).length === 0) return;
  for (const name of listDirectory(namesDirectory(ctx))) {
    const id = linkTarget(path.join(namesDirectory(ctx), name));
    if (id === undefined || isLocked(ctx, `container/${id}`) || !isStaleName(ctx, name, id)) continue;
    await withLock(ctx, `container/${id}`, async () => {
      await withLock(ctx, "names", () => {
        if (isStaleName(ctx, name, id)) releaseName(ctx, name, id);
      });
    });
  }
}

function isStaleName(ctx: Context, name: string, id: string): boolean {
  if (!fs.existsSync(containerDirectory(ctx, id))) return true;
  const record = tryReadRecord(ctx, id);
  return record !== undefined && record.name !== name;
}

/** Removes a name if it still belongs to that container. */
export function releaseName(ctx: Context, name: string, id: string): void {
  const link = path.join(namesDirectory(ctx), name);
  if (linkTarget(link) === id) fs.rmSync(link, { force: true });
}

/** Gives a container another name; the old one is free afterwards. */
export async function renameRecord(
  ctx: Context,
  record: ContainerRecord,
  name: string,
): Promise<ContainerRecord> {
  await claimName(ctx, name, record.id).catch((error: unknown) => {
    if (!(error instanceof EngineError && error.code === "name-in-use")) throw error;
    throw new EngineError(
      error.code,
      `renaming container ${record.id}: name ${name} already in use, cannot rename container ${record.id}: container already exists`,
      { cause: error },
    );
  });
  const renamed = { ...record, name };
  try {
    // Before the record says so: a container that its name doesn't stand for counts as unfinished.
    syncDirectory(namesDirectory(ctx));
    rewriteRecord(ctx, renamed);
  } catch (error) {
    releaseName(ctx, name, record.id);
    throw error;
  }
  releaseName(ctx, record.name, record.id);
  return renamed;
}

/** Replaces the record of a container. For holders of its lock. */
export function rewriteRecord(ctx: Context, record: ContainerRecord): void {
  writeJsonAtomic(path.join(containerDirectory(ctx, record.id), "record.json"), record, {
    durable: !record.config.autoRemove,
  });
}

/**
 * Makes this process the one that starts a --rm container: until it has, or is dead, nobody else removes it. For holders
 * of the container's lock.
 */
export function awaitStart(ctx: Context, id: string): void {
  const record = readRecord(ctx, id);
  if (!record) throw noSuchContainer(id);
  const awaited: ContainerRecord = { ...record, creator: self(), startPending: true };
  writeJsonAtomic(path.join(containerDirectory(ctx, id), "record.json"), awaited, { durable: false });
}
