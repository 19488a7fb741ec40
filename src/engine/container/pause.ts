import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { type ContainerRecord, findRecord } from "../../runtime/records.ts";
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

/** Runs `work` while a running container is paused. Should we be killed, its monitor lets it go on. */
export async function whilePaused<T>(
  ctx: Context,
  record: ContainerRecord,
  work: () => Promise<T>,
): Promise<T> {
  const connection = await connectIn(ctx, record, ["running"], "pause");
  try {
    await connection.hold();
    const result = await work();
    await connection.resume();
    return result;
  } finally {
    connection.close();
  }
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
