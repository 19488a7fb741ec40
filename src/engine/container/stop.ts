import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { isAlive } from "../../host/process.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { healContainer } from "./heal.ts";

/** How long the end of a container may take after its SIGKILL before its monitor counts as stuck, in seconds. */
const GRACE = 10;

export interface StopOptions {
  /** Seconds before SIGKILL; undefined: the container's own. */
  timeout?: number | undefined;
  signal?: number;
}

/** Stops a running container and returns when nothing of it runs any more. False when it wasn't running. */
export async function stopContainer(ctx: Context, record: ContainerRecord, options: StopOptions): Promise<boolean> {
  const status = readStatus(ctx, record.id);
  if (status.stale) await healContainer(ctx, record.id);
  if (!isActive(status.state) || !status.last?.socket) return false;
  const connection = await MonitorConnection.open(status.last.socket);
  if (connection) {
    const timeout = options.timeout ?? record.config.stopTimeout;
    const stopped = await within((timeout + GRACE) * 1000, async () => {
      await connection.stop(options.timeout ?? -1, options.signal ?? 0);
      await connection.waitClosed();
    });
    connection.close();
    if (stopped) return true;
  }
  // It is ending on its own, or it is stuck: in both cases it is over when the monitor is gone.
  if (!(await within(connection ? 0 : GRACE * 1000, () => untilDead(status.last?.monitor)))) {
    if (isAlive(status.last.monitor)) process.kill(status.last.monitor?.pid as number, "SIGKILL");
    await within(GRACE * 1000, () => untilDead(status.last?.monitor));
  }
  await healContainer(ctx, record.id);
  if (isActive(readStatus(ctx, record.id).state)) {
    throw new EngineError("cannot-stop", `cannot stop container ${record.id}: its monitor does not end`, {
      hint: "`coracle doctor` looks for the reason",
    });
  }
  return true;
}

async function untilDead(monitor: Parameters<typeof isAlive>[0]): Promise<void> {
  while (isAlive(monitor)) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Runs `work` for at most that long; whether it ended in time. */
async function within(milliseconds: number, work: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([work().then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
