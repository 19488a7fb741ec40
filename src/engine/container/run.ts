import type { Context } from "../../host/context.ts";
import { withLock } from "../../host/lock.ts";
import type { RelayOptions } from "../../runtime/monitor.ts";
import { type ContainerRecord, readRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { type CreateRequest, createContainer } from "./create.ts";
import { dropContainer } from "./drop.ts";
import { followRelay } from "./foreground.ts";
import { startContainer } from "./start.ts";

export interface RunOptions extends RelayOptions {
  detach: boolean;
  sigProxy: boolean;
}

/** `exitCode` is null when the container was left running (detached). */
export interface RunResult {
  id: string;
  exitCode: number | null;
}

/** Creates and starts a container; in the foreground stays with it to its end. */
export async function runContainer(
  ctx: Context,
  request: Omit<CreateRequest, "startPending">,
  options: RunOptions,
): Promise<RunResult> {
  const record = await createContainer(ctx, { ...request, startPending: true });
  try {
    const relay = await startContainer(ctx, record, options.detach ? { ...options, attach: [] } : options);
    if (options.detach || options.attach.length === 0) {
      await relay.relayExit();
      return { id: record.id, exitCode: null };
    }
    const exit = await followRelay(relay, options);
    if (!exit) return { id: record.id, exitCode: null };
    await removeIfAsked(ctx, record);
    return { id: record.id, exitCode: exit.exitCode };
  } catch (error) {
    await removeIfAsked(ctx, record);
    throw error;
  }
}

/** --rm: by the command that has seen the end; if it is killed first, the next one does it (heal.ts). */
export async function removeIfAsked(ctx: Context, record: ContainerRecord): Promise<void> {
  if (!record.config.autoRemove) return;
  await withLock(ctx, `container/${record.id}`, async () => {
    if (!readRecord(ctx, record.id) || isActive(readStatus(ctx, record.id).state)) return;
    await dropContainer(ctx, record, { volumes: true });
  });
}
