import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { ensureDirectory } from "../host/context.ts";
import { listDirectory, readJson, syncDirectory, writeJsonAtomic } from "../host/files.ts";
import type { ContainerConfig } from "../oci/container.ts";

/** `containers/<id>/record.json`: what was asked for at create. Changed only by rename and update. */
export interface ContainerRecord {
  version: 1;
  /** 64 hex digits. */
  id: string;
  name: string;
  createdAt: string;
  config: ContainerConfig;
  /** diffIDs of the image, topmost first; empty with --rootfs. */
  layers: string[];
  /** Storage driver that made its root filesystem. */
  driver: "overlay" | "fuse-overlayfs" | "vfs" | "none";
  /** Path of an OCI runtime to use instead of our own, or null. */
  runtime: string | null;
  /** The command line that made it, for inspect. */
  createCommand: string[];
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
  return readJson<ContainerRecord>(path.join(containerDirectory(ctx, id), "record.json"));
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
  try {
    const id = fs.readlinkSync(path.join(namesDirectory(ctx), name));
    return fs.existsSync(path.join(containerDirectory(ctx, id), "record.json")) ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Finds a container by name, id or unique id prefix, in this order (as Podman). */
export function findRecord(ctx: Context, nameOrId: string): ContainerRecord {
  const notFound = () =>
    new EngineError("no-such-container", `no container with name or ID "${nameOrId}" found: no such container`, {
      hint: "`coracle ps -a` lists all containers",
    });
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(nameOrId)) throw notFound();
  const named = idOfName(ctx, nameOrId);
  const id = named ?? (/^[0-9a-f]{1,64}$/.test(nameOrId) ? idOfPrefix(ctx, nameOrId) : undefined);
  const record = id === undefined ? undefined : readRecord(ctx, id);
  if (!record) throw notFound();
  return record;
}

function idOfPrefix(ctx: Context, prefix: string): string | undefined {
  if (prefix.length === 64) return prefix;
  const matches = listIds(ctx).filter((id) => id.startsWith(prefix));
  if (matches.length > 1) {
    throw new EngineError(
      "ambiguous-container",
      `more than one result for container name or ID prefix "${prefix}": ${matches.map((id) => id.slice(0, 12)).join(", ")}`,
      { hint: "give more digits of the id" },
    );
  }
  return matches[0];
}

/**
 * Publishes a container that was prepared in a staging directory: takes its name, then renames the directory into
 * place. The name is a symlink made with O_EXCL, so uniqueness needs no lock; one whose container never came (its maker
 * was killed in between) is taken over.
 */
export function publishContainer(ctx: Context, record: ContainerRecord, staging: string): void {
  ensureDirectory(namesDirectory(ctx));
  ensureDirectory(containersDirectory(ctx));
  const durable = !record.config.autoRemove;
  writeJsonAtomic(path.join(staging, "record.json"), record, { durable });
  claimName(ctx, record.name, record.id);
  try {
    fs.renameSync(staging, containerDirectory(ctx, record.id));
  } catch (error) {
    releaseName(ctx, record.name, record.id);
    throw error;
  }
  if (durable) {
    syncDirectory(containersDirectory(ctx));
    syncDirectory(namesDirectory(ctx));
  }
}

function claimName(ctx: Context, name: string, id: string): void {
  const link = path.join(namesDirectory(ctx), name);
  for (let attempt = 0; ; attempt++) {
    try {
      fs.symlinkSync(id, link);
      return;
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
    }
    const owner = ownerOfName(ctx, link);
    if (owner !== undefined || attempt > 3) throw nameInUse(name, owner ?? "another command");
    // Nobody's: move it aside under a name of our own, so that of two takers only one removes a given link.
    const aside = `${link}.${process.pid}.stale`;
    try {
      fs.renameSync(link, aside);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
    const moved = ownerOfName(ctx, aside);
    if (moved !== undefined) {
      // Between look and move somebody else had taken it: give it back.
      fs.renameSync(aside, link);
      throw nameInUse(name, moved);
    }
    fs.rmSync(aside, { force: true });
  }
}

/** The id behind a name link if that container exists or is being made; undefined for a leftover. */
function ownerOfName(ctx: Context, link: string): string | undefined {
  let id: string;
  try {
    id = fs.readlinkSync(link);
  } catch {
    return undefined;
  }
  if (fs.existsSync(path.join(containerDirectory(ctx, id), "record.json"))) return id;
  // A name is claimed milliseconds before its container appears; within that time it belongs to its maker.
  try {
    if (Date.now() - fs.lstatSync(link).mtimeMs < 1000 && !fs.existsSync(containerDirectory(ctx, id))) {
      return stagedElsewhere(ctx, id) ? id : undefined;
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** Whether a live process is about to publish that id. Staging directories of containers hold their id in a file. */
function stagedElsewhere(ctx: Context, id: string): boolean {
  const staging = path.join(ctx.graphRoot, "staging");
  return listDirectory(staging).some((name) => {
    try {
      const text = fs.readFileSync(path.join(staging, name, "record.json"), "utf8");
      return text.includes(id);
    } catch {
      return false;
    }
  });
}

function nameInUse(name: string, id: string): EngineError {
  return new EngineError(
    "name-in-use",
    `creating container storage: the container name "${name}" is already in use by ${id}. You have to remove that container to be able to reuse that name: that name is already in use`,
    { hint: "use --replace to replace it, or `coracle rm` it" },
  );
}

/** Removes a name if it still belongs to that container. */
export function releaseName(ctx: Context, name: string, id: string): void {
  const link = path.join(namesDirectory(ctx), name);
  try {
    if (fs.readlinkSync(link) === id) fs.unlinkSync(link);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "EINVAL")) throw error;
  }
}

/** Gives a container another name; the old one is free afterwards. */
export function renameRecord(ctx: Context, record: ContainerRecord, name: string): ContainerRecord {
  claimName(ctx, name, record.id);
  const renamed = { ...record, name };
  writeJsonAtomic(path.join(containerDirectory(ctx, record.id), "record.json"), renamed);
  releaseName(ctx, record.name, record.id);
  return renamed;
}
