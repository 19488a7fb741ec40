import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { moveToTrash, removeTrees } from "../../host/staging.ts";
import { runDirectory } from "../../runtime/places.ts";
import { type ContainerRecord, containerDirectory, releaseName } from "../../runtime/records.ts";
import { removeVolume } from "../../storage/volumes.ts";

/**
 * Takes a container that doesn't run out of the store. One rename makes it disappear; deleting its files comes after,
 * and is finished by a later command if this one is killed.
 */
export async function dropContainer(
  ctx: Context,
  record: ContainerRecord,
  options: { volumes: boolean },
): Promise<void> {
  const trash = moveToTrash(ctx, containerDirectory(ctx, record.id));
  releaseName(ctx, record.name, record.id);
  fs.rmSync(runDirectory(ctx, record.id), { recursive: true, force: true });
  if (options.volumes) {
    for (const mount of record.config.mounts) {
      if (mount.type === "volume" && mount.anonymous) await removeVolume(ctx, mount.source).catch(() => {});
    }
  }
  if (trash !== undefined && !removeUnused(trash)) await removeTrees(ctx, [trash]);
}

/** Deletes a container directory in which the container has written nothing, without a process for it. */
function removeUnused(directory: string): boolean {
  for (const bulk of ["upper", "rootfs"]) {
    try {
      if (fs.readdirSync(path.join(directory, bulk), { encoding: "buffer" }).length > 0) return false;
    } catch {
      // not there: nothing in it
    }
  }
  try {
    fs.rmSync(directory, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}
