import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { deadStaging } from "../../host/staging.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { type ContainerRecord, containerDirectory, readRecordIn, stagedName } from "../../runtime/records.ts";
import { findVolume, removeVolume, restoreVolume } from "../../storage/volumes.ts";
import { volumeUsers } from "./users.ts";

/*
 * Anonymous volumes are made for one container, before it is published, and go after it. Whoever is killed in between
 * leaves the container's record in staging or trash, and by that the next command finds them.
 */

/** In a container's directory: its anonymous volumes are to be removed with it. */
const MARK = "remove-volumes";

/** Says in the directory of a container that is about to go that its anonymous volumes go too; --rm says so anyway. */
export function markVolumes(ctx: Context, record: ContainerRecord): void {
  if (record.config.autoRemove || anonymousVolumes(record).length === 0) return;
  fs.writeFileSync(path.join(containerDirectory(ctx, record.id), MARK), "");
}

export async function dropAnonymousVolumes(ctx: Context, record: ContainerRecord): Promise<void> {
  for (const name of anonymousVolumes(record)) {
    // Only its own container takes it along, and not while another one has the use of it.
    if (findVolume(ctx, name)?.container !== record.id) continue;
    try {
      await removeVolume(ctx, name, (volume) => volumeUsers(ctx, volume));
      recordEvent(ctx, { Type: "volume", Status: "remove", Name: name });
    } catch {
      // In use after all.
    }
  }
}

/** Removes the volumes of containers that killed commands were making or removing; before staging itself is reaped. */
export async function reapVolumes(ctx: Context): Promise<void> {
  for (const directory of deadStaging(ctx, ["container"])) {
    const record = recordIn(path.join(directory, stagedName));
    if (record) await dropAnonymousVolumes(ctx, record);
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

function anonymousVolumes(record: ContainerRecord): string[] {
  return record.config.mounts.flatMap((mount) =>
    mount.type === "volume" && mount.anonymous ? mount.source : [],
  );
}
