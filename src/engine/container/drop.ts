import * as fs from "node:fs";
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
  if (trash !== undefined && !removeSmall(trash)) await removeTrees(ctx, [trash]);
}

/** More than this is removed by the native program, which is worth a process then. */
const FEW = 200;

/** Deletes a container directory in which the container has written little, without a process for it. */
function removeSmall(directory: string): boolean {
  try {
    if (countEntries(directory, FEW) >= FEW) return false;
    fs.rmSync(directory, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

/** Entries below a directory, counted up to a limit. */
function countEntries(directory: string, limit: number): number {
  let count = 0;
  const pending = [Buffer.from(directory)];
  for (let current = pending.pop(); current && count < limit; current = pending.pop()) {
    for (const entry of fs.readdirSync(current, { withFileTypes: true, encoding: "buffer" })) {
      count++;
      if (entry.isDirectory()) pending.push(Buffer.concat([current, Buffer.from("/"), entry.name]));
    }
  }
  return count;
}
