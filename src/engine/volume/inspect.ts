import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import {
  findVolume,
  getVolume,
  isVolumeEmpty,
  type VolumeRecord,
  volumeDataPath,
} from "../../storage/volumes.ts";
import { volumeUsers } from "./users.ts";

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

  constructor(ctx: Context, record: VolumeRecord) {
    const isEmpty = isVolumeEmpty(ctx, record.name);
    this.Name = record.name;
    this.Driver = record.image ? "image" : "local";
    this.Mountpoint = volumeDataPath(ctx, record.name);
    this.CreatedAt = record.createdAt;
    this.Labels = sorted(record.labels);
    this.Options = sorted(record.options);
    this.UID = record.uid ?? 0;
    this.GID = record.gid ?? 0;
    this.Anonymous = record.anonymous;
    this.MountCount = volumeUsers(ctx, record.name).filter((id) =>
      isActive(readStatus(ctx, id).state),
    ).length;
    this.NeedsCopyUp = isEmpty;
    this.NeedsChown = isEmpty && record.uid === null && record.gid === null;
  }

  /** What is empty is left out of JSON, while templates can tell it. */
  toJSON(): Record<string, unknown> {
    const always = ["Name", "Driver", "Mountpoint", "CreatedAt", "Labels", "Scope", "Options", "MountCount"];
    return Object.fromEntries(Object.entries(this).filter(([key, value]) => value || always.includes(key)));
  }
}

function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function inspectVolume(ctx: Context, name: string): VolumeDescription {
  try {
    return new VolumeDescription(ctx, getVolume(ctx, name));
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== "no-such-volume") throw error;
    const { code, hint } = error;
    throw new EngineError(code, `inspecting object: no such volume ${name}`, { hint });
  }
}

export function volumeExists(ctx: Context, name: string): boolean {
  return findVolume(ctx, name) !== undefined;
}
