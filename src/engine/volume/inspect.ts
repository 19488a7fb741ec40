import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import {
  emptyVolumeName,
  findVolume,
  getVolume,
  hadFirstUse,
  type VolumeRecord,
  volumeDataPath,
  volumeOwner,
} from "../../storage/volumes.ts";
import { volumeContents, volumeFileSystem } from "./file-system.ts";
import { volumeUsers } from "./users.ts";

const ALWAYS = "Name Driver Mountpoint CreatedAt Labels Scope Options MountCount LockNumber".split(" ");

/** A volume as `volume inspect` shows it: Podman's keys in Podman's order. */
export class VolumeDescription {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  readonly Status = null;
  readonly Labels: Record<string, string>;
  readonly Scope = "local";
  readonly Options: Record<string, string>;
  readonly UID: number;
  readonly GID: number;
  readonly Anonymous: boolean;
  readonly MountCount: number;
  readonly NeedsCopyUp: boolean;
  readonly NeedsChown: boolean;
  readonly Timeout = 0;
  readonly StorageID = "";
  /** There are none. */
  readonly LockNumber = 0;

  constructor(ctx: Context, record: VolumeRecord) {
    this.Name = record.name;
    this.Driver = record.image ? "image" : "local";
    this.Mountpoint = volumeDataPath(ctx, record.name);
    this.CreatedAt = record.createdAt;
    this.Labels = sorted(record.labels);
    this.Options = sorted(record.options);
    const { uid, gid } = volumeOwner(ctx, record);
    this.UID = uid;
    this.GID = gid;
    this.Anonymous = record.anonymous;
    this.MountCount = isMounted(ctx, record) ? runningUsers(ctx, record.name) : 0;
    this.NeedsCopyUp = !record.noCopy && !hadFirstUse(ctx, record, "filled");
    this.NeedsChown = !hadFirstUse(ctx, record, "owned");
  }

  /** What is empty is left out of JSON, while templates can tell it. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this).filter(([key, value]) => value || ALWAYS.includes(key)));
  }
}

/** A plain directory never is. */
function isMounted(ctx: Context, { name, image }: VolumeRecord): boolean {
  if (image || volumeFileSystem(ctx, name)) return true;
  return volumeContents(ctx, name) !== volumeDataPath(ctx, name);
}

function runningUsers(ctx: Context, name: string): number {
  return volumeUsers(ctx, name).filter((id) => isActive(readStatus(ctx, id).state)).length;
}

function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function inspectVolume(ctx: Context, name: string): VolumeDescription {
  try {
    return new VolumeDescription(ctx, getVolume(ctx, name));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code !== "no-such-volume") throw rephrase(error, { prefix: `inspecting volume ${name}: ` });
    const { code, hint } = error;
    throw new EngineError(code, `inspecting object: no such volume ${name}`, { hint });
  }
}

export function volumeExists(ctx: Context, name: string): boolean {
  if (name === "") throw emptyVolumeName();
  return findVolume(ctx, name) !== undefined;
}
