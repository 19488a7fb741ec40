import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { RelayOptions } from "../../runtime/monitor.ts";
import { type CreateRequest, createContainer } from "./create.ts";
import { finishForeground, followRelay, removeIfAsked } from "./foreground.ts";
import { startContainer } from "./start.ts";

export interface RunOptions extends RelayOptions {
  detach: boolean;
  /** Called as soon as the container runs, before it is followed. */
  onStart?: (id: string) => void;
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
  if (!options.detach && options.attach.length === 0) {
    throw new EngineError("usage", "must provide at least one stream to attach to: invalid argument", {
      hint: "or run it in the background, with --detach",
      exitCode: 126,
    });
  }
  const record = await createContainer(ctx, { ...request, startPending: true });
  try {
    const relay = await startContainer(
      ctx,
      record,
      options.detach ? { ...options, attach: [] } : options,
    ).catch(failedStart);
    if (options.detach) {
      await relay.relayExit();
      return { id: record.id, exitCode: null };
    }
    options.onStart?.(record.id);
    return {
      id: record.id,
      exitCode: await finishForeground(ctx, record, await followRelay(relay)),
    };
  } catch (error) {
    await removeIfAsked(ctx, record);
    throw error;
  }
}

/** Podman's rule: what exists as a container but can't be started exits with 127 for a missing command, else 126. */
function failedStart(error: unknown): never {
  throw rephrase(error, { exitCode: error instanceof EngineError && error.exitCode === 127 ? 127 : 126 });
}
