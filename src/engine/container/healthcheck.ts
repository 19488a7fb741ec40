import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { checkCommand } from "../../oci/health.ts";
import { formatDuration } from "../../oci/units.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import { type ContainerRecord, findRecord } from "../../runtime/records.ts";
import { readStatus, wakeMonitor } from "../../runtime/status.ts";

/** Has a running container's health checked now, and returns what the check has shown. */
export async function runHealthcheck(
  ctx: Context,
  nameOrId: string,
): Promise<"healthy" | "unhealthy" | "starting"> {
  const record = find(ctx, nameOrId);
  const { state, last } = readStatus(ctx, record.id);
  if (state !== "running" || !last?.socket) throw notRunning(record);
  if (!checkCommand(record.config.health?.check ?? null)) {
    throw new EngineError("no-healthcheck", `container ${record.id} has no defined healthcheck`, {
      hint: "--health-cmd of `coracle run` defines one",
    });
  }
  wakeMonitor(last);
  const connection = await MonitorConnection.open(last.socket);
  if (!connection) throw notRunning(record);
  try {
    const health = await connection.checkHealth();
    if (health !== "timeout") return health;
    const timeout = record.config.health?.check?.timeout ?? 0;
    throw new EngineError(
      "health-timeout",
      `healthcheck command exceeded timeout of ${formatDuration(timeout)}`,
    );
  } finally {
    connection.close();
  }
}

function find(ctx: Context, nameOrId: string): ContainerRecord {
  try {
    return findRecord(ctx, nameOrId);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(
      error.code,
      `unable to look up ${nameOrId} to perform a health check: ${error.message}`,
      {
        hint: error.hint,
        cause: error,
      },
    );
  }
}

function notRunning({ id, name }: ContainerRecord): EngineError {
  return new EngineError("container-state", `container ${id} is not running`, {
    hint: `\`coracle start ${name}\` starts it`,
  });
}
