import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { takesInput } from "../../oci/container.ts";
import type { Stream } from "../../runtime/monitor.ts";
import { findRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import type { AttachOptions } from "./attach.ts";
import { finishForeground, followRelay, removeIfAsked } from "./foreground.ts";
import { startContainer } from "./start.ts";

/** Starts a container and stays with it; its exit code, or null after detaching. */
export async function startAttached(
  ctx: Context,
  nameOrId: string,
  options: AttachOptions,
): Promise<number | null> {
  const record = findRecord(ctx, nameOrId);
  const attach: Stream[] = ["stdout", "stderr"];
  if (options.stdin && takesInput(record.config)) attach.unshift("stdin");
  const { detachKeys, sigProxy } = options;
  const attempt = async () => {
    const relay = await startContainer(ctx, record, { attach, detachKeys, sigProxy });
    return await finishForeground(ctx, record, await followRelay(relay));
  };
  try {
    return await attempt().catch(async (error) => {
      if (await endedMeanwhile(ctx, record.id, error)) return await attempt();
      throw error;
    });
  } catch (error) {
    await removeIfAsked(ctx, record);
    throw rephrase(error, { prefix: `unable to start container ${record.id}: `, exitCode: 125 });
  }
}

/** Milliseconds that a monitor takes at most from closing its socket to its end. */
const ENDING = 500;

/** Whether what ran when it was to be attached to is about to end; returns when it has. */
async function endedMeanwhile(ctx: Context, id: string, error: unknown): Promise<boolean> {
  if (!(error instanceof EngineError) || error.code !== "container-not-running") return false;
  const deadline = Date.now() + ENDING;
  while (isActive(readStatus(ctx, id).state)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}
