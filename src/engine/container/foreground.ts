import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { withLock } from "../../host/lock.ts";
import { isAlive } from "../../host/process.ts";
import { BROKEN_PIPE, type Relay, type RelayEnd } from "../../runtime/monitor.ts";
import { type ContainerRecord, readRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";

/** Milliseconds. */
const SOON = 5;

/** Stays with an attached container until that has ended or its output has nowhere to go. */
export async function followRelay(relay: Relay): Promise<RelayEnd> {
  try {
    return await relay.end();
  } catch (error) {
    if (error instanceof EngineError && error.code === "monitor-gone") {
      throw new EngineError("monitor-gone", "lost the container: its monitor or the relay to it was killed", {
        hint: "`coracle ps -a` shows whether it still runs",
        cause: error,
      });
    }
    throw error;
  }
}

/**
 * What the command that followed a container exits with; null after detaching. A --rm container is removed, also when
 * nobody reads its output any more: like SIGPIPE a writer, that ends it at once.
 */
export async function finishForeground(
  ctx: Context,
  record: ContainerRecord,
  end: RelayEnd,
): Promise<number | null> {
  if (end.how === "detached") return null;
  const unread = end.how === "output-closed" || end.how === "output-failed";
  if (unread && record.config.autoRemove) {
    const { stopContainer } = await import("./stop.ts");
    await stopContainer(ctx, record, { timeout: 0 });
  }
  await removeIfAsked(ctx, record);
  if (end.how === "output-failed")
    throw outputFailed(`attaching to container ${record.id}: ${end.message}`, 126);
  return end.how === "exited" ? end.exit.exitCode : BROKEN_PIPE;
}

/** In Go's words, which begin small: `write /dev/stdout: no space left on device`. */
export function outputFailed(message: string, exitCode: number): EngineError {
  const text = message.replace(/: [A-Z]/, (start) => start.toLowerCase());
  return new EngineError("output-failed", text, { hint: "look at where the output goes", exitCode });
}

/**
 * --rm: by the command that has seen the end; if it is killed first, the next one does it (heal.ts). Who is about to start
 * the container, or has just done so, is waited for: whether it has ended for good is known afterwards.
 */
export async function removeIfAsked(ctx: Context, record: ContainerRecord): Promise<void> {
  if (!record.config.autoRemove) return;
  let outcome = await tryRemoval(ctx, record.id);
  while (outcome === "later") {
    await new Promise((resolve) => setTimeout(resolve, SOON));
    outcome = await tryRemoval(ctx, record.id);
  }
  if (outcome === "removed" && record.config.removeImage) await removeItsImage(ctx, record);
}

async function tryRemoval(ctx: Context, id: string): Promise<"removed" | "kept" | "later"> {
  const { dropContainer } = await import("./drop.ts");
  return await withLock(ctx, `container/${id}`, async () => {
    const current = readRecord(ctx, id);
    if (!current || isActive(readStatus(ctx, id).state)) return "kept";
    if (isBeingStarted(current)) return "later";
    await dropContainer(ctx, current, { volumes: true });
    return "removed";
  });
}

/** --rmi; an image that others use stays. */
export async function removeItsImage(ctx: Context, { config }: ContainerRecord): Promise<void> {
  if (!config.image) return;
  const { removeImages } = await import("../image/remove.ts");
  await removeImages(ctx, [config.image.reference], { ignore: true });
}

/** By another command, which may only have ended it to start it again. */
function isBeingStarted({ startPending, creator }: ContainerRecord): boolean {
  return startPending && creator.pid !== process.pid && isAlive(creator);
}
