import type { Context } from "../../host/context.ts";
import { findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { connectIn, wrongState } from "./kill.ts";

export async function pauseContainer(ctx: Context, nameOrId: string): Promise<string> {
  const record = findRecord(ctx, nameOrId);
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
  if (status.state !== "paused") throw wrongState("unpause", record.id, status.state);
  const connection = await connectIn(ctx, record, ["paused"], "unpause");
  try {
    await connection.resume();
  } finally {
    connection.close();
  }
  return record.id;
}
