import { rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { takesInput } from "../../oci/container.ts";
import type { Stream } from "../../runtime/monitor.ts";
import { findRecord } from "../../runtime/records.ts";
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
  try {
    const relay = await startContainer(ctx, record, { attach, detachKeys, sigProxy });
    return await finishForeground(ctx, record, await followRelay(relay));
  } catch (error) {
    await removeIfAsked(ctx, record);
    throw rephrase(error, { prefix: `unable to start container ${record.id}: `, exitCode: 125 });
  }
}
