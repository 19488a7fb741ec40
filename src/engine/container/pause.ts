import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { connectIn } from "./kill.ts";

export async function pauseContainer(ctx: Context, nameOrId: string): Promise<string> {
  const record = findRecord(ctx, nameOrId);
  const { state } = readStatus(ctx, record.id);
  if (state !== "running") {
    throw new EngineError(
      "container-state",
      state === "paused"
        ? `"${record.id}" is already paused: container state improper`
        : `"${state}" is not running, can't pause: container state improper`,
    );
  }
  const connection = await connectIn(ctx, record, ["running"], "pause");
  try {
    await connection.pause();
  } finally {
    connection.close();
  }
  return record.id;
}

export async function unpauseContainer(ctx: Context, nameOrId: string): Promise<string> {
  const record = findRecord(ctx, nameOrId);
  const status = readStatus(ctx, record.id);
  if (status.state !== "paused") {
    throw new EngineError(
      "container-state",
      `"${record.id}" is not paused, can't unpause: container state improper`,
      { hint: `its state is ${status.state}` },
    );
  }
  const connection = await connectIn(ctx, record, ["paused"], "unpause");
  try {
    await connection.resume();
  } finally {
    connection.close();
  }
  return record.id;
}
