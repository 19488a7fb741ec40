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
export function inspectVolume(ctx: Context, name: string): Record<string, unknown> {
  try {
    return describeVolume(ctx, getVolume(ctx, name));
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== "no-such-volume") throw error;
    const { code, hint } = error;
    throw new EngineError(code, `inspecting object: no such volume ${name}`, { hint });
  }
}

export function volumeExists(ctx: Context, name: string): boolean {
  return findVolume(ctx, name) !== undefined;
}

export function describeVolume(ctx: Context, record: VolumeRecord): Record<string, unknown> {
  const isEmpty = isVolumeEmpty(ctx, record.name);
  const mounts = volumeUsers(ctx, record.name).filter((id) => isActive(readStatus(ctx, id).state));
  return {
    Name: record.name,
    Driver: "local",
    Mountpoint: volumeDataPath(ctx, record.name),
    CreatedAt: record.createdAt,
    Labels: record.labels,
    Scope: "local",
    Options: record.options,
    ...(record.uid ? { UID: record.uid } : {}),
    ...(record.gid ? { GID: record.gid } : {}),
    ...(record.anonymous ? { Anonymous: true } : {}),
    MountCount: mounts.length,
    NeedsCopyUp: isEmpty,
    NeedsChown: isEmpty,
  };
}
