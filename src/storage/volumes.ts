import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../errors.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { isCorrupt, listDirectory, readJson, syncDirectory, writeJsonAtomic } from "../host/files.ts";
import { createStaging, moveToTrash, removeTrees } from "../host/staging.ts";
import { randomHex } from "../oci/hash.ts";
import { checkVolumeName, isName } from "../oci/names.ts";

/** `volumes/<name>/{record.json,_data}`: made in staging and renamed, so a volume is there whole or not at all. */
export interface VolumeRecord {
  version: 1;
  name: string;
  createdAt: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** Owner of the volume's root, where one was asked for. */
  uid: number | null;
  gid: number | null;
  /** Made for one container, to be removed with it. */
  anonymous: boolean;
  /** Id of the container that it was made for, or null. */
  container: string | null;
  /** Never filled from an image. */
  noCopy?: boolean;
  /** Driver `image`: what lies below the volume's own changes. */
  image?: { id: string; layers: string[] };
}

export interface VolumeOptions {
  labels?: Record<string, string>;
  /** Of the driver, checked already (oci/volume-options.ts). */
  options?: Record<string, string>;
  uid?: number | null;
  gid?: number | null;
  noCopy?: boolean;
  image?: { id: string; layers: string[] };
  anonymous?: boolean;
  container?: string;
  /** An existing volume of that name is as good. */
  ignoreExisting?: boolean;
}

function volumesDirectory(ctx: Context): string {
  return ctx.volumeRoot;
}

function volumeDirectory(ctx: Context, name: string): string {
  return path.join(volumesDirectory(ctx), checkVolumeName(name));
}

export function volumeDataPath(ctx: Context, name: string): string {
  return path.join(volumeDirectory(ctx, name), "_data");
}

/** Where an image volume's changes are kept. */
export function volumeOverlay(ctx: Context, name: string): { upper: string; work: string } {
  const directory = volumeDirectory(ctx, name);
  return { upper: path.join(directory, "upper"), work: path.join(directory, "work") };
}

/** Makes a volume; without a name one is drawn. */
export async function createVolume(
  ctx: Context,
  name: string | undefined,
  options: VolumeOptions = {},
): Promise<VolumeRecord> {
  const target = volumeDirectory(ctx, name ?? randomHex(32));
  const existing = name === undefined ? undefined : findVolume(ctx, name);
  if (existing && options.ignoreExisting) return existing;
  const record = newRecord(path.basename(target), options);
  if (existing) throw volumeExists(record.name);
  const staging = createStaging(ctx, "volume");
  try {
    const data = path.join(staging.path, "_data");
    fs.mkdirSync(data);
    fs.chmodSync(data, 0o755);
    if (record.image)
      for (const name of ["upper", "work"]) fs.mkdirSync(path.join(staging.path, name), 0o755);
    giveTo(record, data, path.join(target, "_data"));
    writeJsonAtomic(path.join(staging.path, "record.json"), record);
    ensureDirectory(volumesDirectory(ctx));
    fs.renameSync(staging.path, target);
    syncDirectory(volumesDirectory(ctx));
  } catch (error) {
    await staging.remove();
    if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
    if (options.ignoreExisting) return getVolume(ctx, record.name);
    throw volumeExists(record.name);
  }
  return record;
}

/** To the user and group that were asked for; `shown` is where the directory will be. */
function giveTo({ uid, gid }: VolumeRecord, data: string, shown: string): void {
  if (uid === null && gid === null) return;
  try {
    fs.chownSync(data, uid ?? 0, gid ?? 0);
  } catch (cause) {
    // A negative id doesn't get as far as the kernel.
    const reason = isErrno(cause, "ERR_OUT_OF_RANGE") ? "invalid argument" : reasonOf(cause);
    throw new EngineError(
      "invalid-argument",
      `chowning volume directory "${shown}" to ${uid ?? 0}:${gid ?? 0}: lchown ${shown}: ${reason}`,
      { hint: "`coracle unshare cat /proc/self/uid_map` shows which ids you have", cause },
    );
  }
}

function newRecord(name: string, wanted: VolumeOptions): VolumeRecord {
  return {
    version: 1,
    name,
    createdAt: new Date().toISOString(),
    labels: wanted.labels ?? {},
    options: wanted.options ?? {},
    uid: wanted.uid ?? null,
    gid: wanted.gid ?? null,
    anonymous: wanted.anonymous ?? false,
    container: wanted.container ?? null,
    ...(wanted.noCopy ? { noCopy: true } : {}),
    ...(wanted.image ? { image: wanted.image } : {}),
  };
}

function volumeExists(name: string): EngineError {
  return new EngineError("volume-exists", `volume with name ${name} already exists: volume already exists`, {
    hint: "`--ignore` makes that no error",
  });
}

export function findVolume(ctx: Context, name: string): VolumeRecord | undefined {
  if (!isName(name)) return undefined;
  return readJson<VolumeRecord>(path.join(volumeDirectory(ctx, name), "record.json"), ["name", "options"]);
}

export function emptyVolumeName(): EngineError {
  return new EngineError("empty-name", "name or ID cannot be empty");
}

/** The volume of that name, or the one whose name begins with it. */
export function getVolume(ctx: Context, name: string): VolumeRecord {
  // It would be the beginning of any.
  if (name === "") throw emptyVolumeName();
  const exact = findVolume(ctx, name);
  if (exact) return exact;
  const matches = listVolumeNames(ctx).filter((candidate) => candidate.startsWith(name));
  if (matches.length > 1) {
    throw new EngineError(
      "ambiguous-volume",
      `more than one result for volume name ${name}: volume already exists`,
      { hint: `they are ${matches.join(", ")}` },
    );
  }
  const found = matches[0] === undefined ? undefined : findVolume(ctx, matches[0]);
  if (!found) {
    throw new EngineError("no-such-volume", `no volume with name "${name}" found: no such volume`, {
      hint: "`coracle volume ls` lists them",
    });
  }
  return found;
}

function listVolumeNames(ctx: Context): string[] {
  return listDirectory(volumesDirectory(ctx)).sort();
}

/** A damaged one is left to `system check`. */
export function listVolumes(ctx: Context): VolumeRecord[] {
  return listVolumeNames(ctx).flatMap((name) => {
    try {
      return findVolume(ctx, name) ?? [];
    } catch (error) {
      if (isCorrupt(error)) return [];
      throw error;
    }
  });
}

export function damagedVolumes(ctx: Context): { id: string; what: string }[] {
  return listVolumeNames(ctx)
    .filter(isName)
    .flatMap((id) => {
      try {
        return findVolume(ctx, id) ? [] : [{ id, what: "record.json is missing" }];
      } catch (error) {
        return [{ id, what: (error as Error).message }];
      }
    });
}

/** What is in a volume is worth more than its labels: it gets a record as if it had been made just so. */
export function renewVolumeRecord(ctx: Context, name: string): void {
  const file = path.join(volumeDirectory(ctx, name), "record.json");
  fs.rmSync(file, { recursive: true, force: true });
  writeJsonAtomic(file, newRecord(name, {}));
}

/**
 * What is settled of a volume once and for all, by its first users: an empty file of that name beside `_data` says so.
 * Before it is, `owner` says whom it was given last.
 */
export type FirstUse = "filled" | "owned";

export function hadFirstUse(ctx: Context, { name, uid, gid }: VolumeRecord, use: FirstUse): boolean {
  if (use === "owned" && (uid !== null || gid !== null)) return true; // as it was asked for
  return fs.existsSync(path.join(volumeDirectory(ctx, name), use));
}

export function noteFirstUse(ctx: Context, { name }: VolumeRecord, use: FirstUse): void {
  fs.writeFileSync(path.join(volumeDirectory(ctx, name), use), "");
}

/** Whom its root was given, or is to be: where that is nobody, root. */
export function volumeOwner(ctx: Context, { name, uid, gid }: VolumeRecord): { uid: number; gid: number } {
  const given = readJson<{ uid: number; gid: number }>(path.join(volumeDirectory(ctx, name), "owner"));
  return given ?? { uid: uid ?? 0, gid: gid ?? 0 };
}

export function noteOwner(ctx: Context, { name }: VolumeRecord, owner: { uid: number; gid: number }): void {
  writeJsonAtomic(path.join(volumeDirectory(ctx, name), "owner"), { uid: owner.uid, gid: owner.gid });
}

/** Whether somebody is filling it, or was killed while he did. */
export function isHalfFilled(ctx: Context, { name }: VolumeRecord): boolean {
  return fs.existsSync(path.join(volumeDirectory(ctx, name), "filling"));
}

/** Runs `fill`, which may be done anew over what a killed one has left. */
export function whileFilling(ctx: Context, { name }: VolumeRecord, fill: () => void): void {
  const mark = path.join(volumeDirectory(ctx, name), "filling");
  fs.writeFileSync(mark, "");
  fill();
  fs.rmSync(mark);
}

/**
 * Removes a volume. Who uses it is asked while it is out of sight already: a container that is made at the same time
 * publishes its record first and looks for its volumes then, so one of the two notices.
 */
export async function removeVolume(
  ctx: Context,
  name: string,
  usersOf: (name: string) => string[] = () => [],
): Promise<void> {
  refuseUsed(name, usersOf(name));
  const directory = volumeDirectory(ctx, name);
  const trash = moveToTrash(ctx, directory);
  if (trash === undefined) return;
  const users = usersOf(name);
  if (users.length > 0 && putBack(trash, directory)) refuseUsed(name, users);
  syncDirectory(volumesDirectory(ctx));
  await removeTrees(ctx, [trash]);
}

/** False when its user has made it anew meanwhile. */
function putBack(trash: string, directory: string): boolean {
  try {
    fs.renameSync(trash, directory);
    return true;
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
    return false;
  }
}

/** Puts back a volume that is in the trash only because a command was killed before it could (removeVolume). */
export function restoreVolume(ctx: Context, trash: string, usersOf: (name: string) => string[]): void {
  let record: Partial<VolumeRecord> | undefined;
  try {
    record = readJson<Partial<VolumeRecord>>(path.join(trash, "record.json"));
  } catch {
    return; // something damaged, so not a volume
  }
  if (typeof record?.name !== "string" || typeof record.anonymous !== "boolean") return;
  if (usersOf(record.name).length > 0) putBack(trash, volumeDirectory(ctx, record.name));
}

function refuseUsed(name: string, users: readonly string[]): void {
  if (users.length === 0) return;
  throw new EngineError(
    "volume-in-use",
    `volume ${name} is being used by the following container(s): ${users.join(", ")}: volume is being used`,
    {
      hint: "remove them first, or all together with `coracle volume rm --force`",
      exitCode: 2,
    },
  );
}
