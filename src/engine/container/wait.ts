import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import { findRecord, readRecord } from "../../runtime/records.ts";
import { type ContainerState, isActive, readStatus } from "../../runtime/status.ts";

export interface WaitOptions {
  /** States any of which ends the wait; default: the container is not running. */
  conditions: string[];
  /** Milliseconds between looks where a state can only be polled for. */
  interval: number;
}

const ended = new Set(["stopped", "exited", "removing"]);

/** Returns the exit code of a container once it has ended (or -1 once it is in another state that was asked for). */
export async function waitContainer(ctx: Context, nameOrId: string, options: WaitOptions): Promise<number> {
  const { id } = findRecord(ctx, nameOrId);
  const conditions = options.conditions.length > 0 ? options.conditions : ["stopped"];
  const forEnd = conditions.some((condition) => ended.has(condition));
  for (;;) {
    const status = readStatus(ctx, id);
    if (matches(status.state, conditions))
      return ended.has(conditions[0] as string) ? (status.last?.exitCode ?? 0) : -1;
    if (!readRecord(ctx, id)) return gone(conditions, id, status.last?.exitCode);
    const socket =
      forEnd && conditions.length === 1 && isActive(status.state) ? status.last?.socket : undefined;
    const connection = socket ? await MonitorConnection.open(socket) : undefined;
    if (connection) {
      const exit = await connection.waitClosed();
      if (exit && !readRecord(ctx, id)) return exit.exitCode;
    } else {
      await new Promise((resolve) => setTimeout(resolve, options.interval));
    }
  }
}

function matches(state: ContainerState, conditions: string[]): boolean {
  return conditions.some(
    (condition) =>
      condition === state ||
      (condition === "configured" && state === "created") ||
      // A container that was never started counts as ended for `wait`, as in Podman.
      (ended.has(condition) && (state === "exited" || state === "created")),
  );
}

function gone(conditions: string[], id: string, exitCode: number | undefined): number {
  if (conditions.some((condition) => ended.has(condition))) return exitCode ?? 0;
  throw new EngineError(
    "no-such-container",
    `container ${id} was removed while waiting for it: no such container`,
  );
}
