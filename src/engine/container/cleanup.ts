import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { listSessions, sessionDirectoryOf } from "./exec-sessions.ts";
import { removeIfAsked, removeItsImage } from "./foreground.ts";
import { healContainer } from "./heal.ts";
import { removeContainer } from "./rm.ts";

export interface CleanupOptions {
  /** Remove the container, and its image, whatever it was made with. */
  remove: boolean;
  removeImage: boolean;
  /** Nothing is to be done to one that has never run. */
  onlyStopped: boolean;
}

/**
 * What a monitor calls when its container has ended and no command is there to finish: removal for --rm. One that is not
 * at its end, since somebody has started it again, or is gone, is left alone.
 */
export async function cleanUpContainer(
  ctx: Context,
  nameOrId: string,
  { remove, removeImage, onlyStopped }: CleanupOptions,
): Promise<void> {
  const record = findRecord(ctx, nameOrId);
  await healContainer(ctx, record.id);
  const { state } = readStatus(ctx, record.id);
  if (isActive(state) ? state !== "initialized" : onlyStopped && state !== "exited") return;
  if (remove) await removeContainer(ctx, record.id, { force: false, ignore: true });
  else await removeIfAsked(ctx, record);
  if (removeImage) await removeItsImage(ctx, record);
}

/** What an exec session that has ended has left. */
export function cleanUpSession(ctx: Context, nameOrId: string, session: string, remove: boolean): void {
  const { id, name } = findRecord(ctx, nameOrId);
  const directory = /^[0-9a-f]+$/.test(session) ? sessionDirectoryOf(ctx, id, session, true) : undefined;
  if (directory === undefined || !fs.existsSync(directory)) {
    throw new EngineError(
      "no-such-session",
      `container ${id} has no exec session with ID ${session}: no such exec session`,
      { hint: `\`coracle inspect --format "{{.ExecIDs}}" ${name}\` lists them` },
    );
  }
  if (listSessions(ctx, id).includes(session)) {
    const message = remove
      ? `container ${id} exec session ${session} is still running, cannot remove`
      : `cannot clean up container ${id} exec session ${session} as it is running`;
    throw new EngineError("session-running", `${message}: exec session state improper`, {
      hint: "it ends with its process, or its container",
    });
  }
  fs.rmSync(directory, { recursive: true, force: true });
}
