import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { deadStaging } from "../../host/staging.ts";
import type { MountRequest } from "../../oci/container.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { type ContainerRecord, containerDirectory, readRecordIn, stagedName } from "../../runtime/records.ts";
import { findVolume, removeVolume, restoreVolume } from "../../storage/volumes.ts";
import { volumeUsers } from "./users.ts";

/*
 * Anonymous volumes are made for one container, before it is published, and go with the last that has them. Whoever is
 * killed in between leaves the container's record in staging or trash, and by that the next command finds them.
 */

/** In a container's directory: its anonymous volumes are to be removed with it. */
const MARK = "remove-volumes";

/** Says in the directory of a container that is about to go that its anonymous volumes go too; --rm says so anyway. */
export function markVolumes(ctx: Context, record: ContainerRecord): void {
  if (record.config.autoRemove || anonymousVolumes(ctx, record).length === 0) return;
  fs.writeFileSync(path.join(containerDirectory(ctx, record.id), MARK), "");
}

/** Not while another container has the use of them. */
export async function dropAnonymousVolumes(ctx: Context, record: ContainerRecord): Promise<void> {
  for (const { source: name } of anonymousVolumes(ctx, record)) await dropVolume(ctx, name);
}

async function dropVolume(ctx: Context, name: string): Promise<void> {
  try {
    await removeVolume(ctx, name, (volume) => volumeUsers(ctx, volume));
    recordEvent(ctx, { Type: "volume", Status: "remove", Name: name });
  } catch {
    // In use after all.
  }
}

/** Removes the volumes of containers that killed commands were making or removing; before staging itself is reaped. */
export async function reapVolumes(ctx: Context): Promise<void> {
  for (const directory of deadStaging(ctx, ["container"])) {
    const record = recordIn(path.join(directory, stagedName));
    // Others were there before.
    const made = record ? anonymousVolumes(ctx, record) : [];
    for (const { source: name } of made) {
      if (findVolume(ctx, name)?.container === record?.id) await dropVolume(ctx, name);
    }
  }
  for (const directory of deadStaging(ctx, ["trash"])) {
    restoreVolume(ctx, directory, (name) => volumeUsers(ctx, name));
    const record = recordIn(directory);
    const wanted = record?.config.autoRemove || fs.existsSync(path.join(directory, MARK));
    if (record && wanted) await dropAnonymousVolumes(ctx, record);
  }
}

/** Layers and volumes in the trash have a record of another kind. */
function recordIn(directory: string): ContainerRecord | undefined {
  try {
    return readRecordIn(directory);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Mounts of anonymous volumes, whichever container they were made for. */
export function anonymousVolumes(ctx: Context, { config }: ContainerRecord): MountRequest[] {
  return config.mounts.filter(
    ({ type, source }) => type === "volume" && findVolume(ctx, source)?.anonymous === true,
  );
}
