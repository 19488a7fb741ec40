import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import { type ContainerRecord, findRecord } from "../../runtime/records.ts";
import { type ContainerState, readStatus, wakeMonitor } from "../../runtime/status.ts";

/** Connects to the monitor of a container that must be in one of these states. */
export async function connectIn(
  ctx: Context,
  record: ContainerRecord,
  states: ContainerState[],
  verb: string,
): Promise<MonitorConnection> {
  const status = readStatus(ctx, record.id);
  const socket = states.includes(status.state) ? status.last?.socket : undefined;
  if (status.last) wakeMonitor(status.last);
  const connection = socket ? await MonitorConnection.open(socket) : undefined;
  if (!connection) throw wrongState(verb, record.id, readStatus(ctx, record.id).state);
  return connection;
}

export function wrongState(verb: string, id: string, state: ContainerState): EngineError {
  return new EngineError(
    "container-state",
    `can only ${verb} running containers. ${id} is in state ${state}: container state improper`,
    { hint: state === "paused" ? "`coracle unpause` lets it go on" : "`coracle start` starts it" },
  );
}

/** Sends a signal to the first process of a running container. Returns its id. */
export async function killContainer(ctx: Context, nameOrId: string, signal: number): Promise<string> {
  const record = findRecord(ctx, nameOrId);
  const connection = await connectIn(ctx, record, ["running", "stopping", "paused"], "kill");
  try {
    await connection.kill(signal);
    // SIGKILL can't be missed: what follows a `kill` may count on the end (Podman waits too).
    if (signal === 9 && record.config.restart.name === "no") await connection.waitClosed();
  } finally {
    connection.close();
  }
  return record.id;
}
