import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { takesInput } from "../../oci/container.ts";
import { checkDetachKeys } from "../../oci/detach-keys.ts";
import { attachRelay, type Stream } from "../../runtime/monitor.ts";
import { findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { finishForeground, followRelay } from "./foreground.ts";

export interface AttachOptions {
  stdin: boolean;
  detachKeys: string;
  sigProxy: boolean;
}

/** Attaches our stdio to a running container; its exit code, or null after detaching. */
export async function attachContainer(
  ctx: Context,
  nameOrId: string,
  options: AttachOptions,
): Promise<number | null> {
  const record = findRecord(ctx, nameOrId);
  checkDetachKeys(options.detachKeys);
  const status = readStatus(ctx, record.id);
  if (status.state !== "running" || !status.last?.socket) {
    throw new EngineError("container-state", "you can only attach to running containers", {
      hint: `it is ${status.state}; \`coracle start --attach ${record.name}\` starts it`,
    });
  }
  const attach: Stream[] = ["stdout", "stderr"];
  if (options.stdin && takesInput(record.config)) attach.unshift("stdin");
  const { detachKeys, sigProxy } = options;
  const relay = attachRelay(ctx, status.last.socket, { attach, detachKeys, sigProxy });
  return finishForeground(ctx, record, await followRelay(relay));
}
