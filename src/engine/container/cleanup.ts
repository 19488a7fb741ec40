import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { removeIfAsked, removeItsImage } from "./foreground.ts";
import { healContainer } from "./heal.ts";
import { removeContainer } from "./rm.ts";

export interface CleanupOptions {
  /** Remove the container, and its image, whatever it was made with. */
  remove: boolean;
  removeImage: boolean;
}

/** What a monitor calls when its container has ended and no command is there to finish: removal for --rm. */
export async function cleanUpContainer(
  ctx: Context,
  nameOrId: string,
  { remove, removeImage }: CleanupOptions,
): Promise<void> {
  const record = findRecord(ctx, nameOrId);
  await healContainer(ctx, record.id);
  if (["running", "paused", "stopping", "restarting"].includes(readStatus(ctx, record.id).state)) {
    throw new EngineError(
      "container-state",
      `failed to clean up container ${record.id}: container ${record.id} is running or paused, refusing to clean up: container state improper`,
      { hint: `\`coracle stop ${record.name}\` ends it` },
    );
  }
  if (remove) await removeContainer(ctx, record.id, { force: false, ignore: true });
  else await removeIfAsked(ctx, record);
  if (removeImage) await removeItsImage(ctx, record);
}
