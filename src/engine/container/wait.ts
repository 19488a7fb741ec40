import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { checkCommand } from "../../oci/health.ts";
import { waitConditions } from "../../oci/wait-conditions.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import { readHealth } from "../../runtime/health.ts";
import { type ContainerRecord, findRecord, readRecord } from "../../runtime/records.ts";
import { type ContainerState, type ContainerStatus, isActive, readStatus } from "../../runtime/status.ts";

export interface WaitOptions {
  /** States any of which ends the wait; default: the container is not running. */
  conditions: string[];
  /** Milliseconds between looks where a state can only be polled for. */
  interval: number;
}

/** Milliseconds. */
const SOON = 5;
const REMOVAL = 10_000;

const healths = new Set(["healthy", "unhealthy"]);
export function checkConditions(conditions: readonly string[]): void {
  for (const condition of conditions) {
    if (waitConditions.includes(condition)) continue;
    throw new EngineError("bad-condition", `unknown container state: ${condition}: invalid argument`, {
      hint: `conditions are ${waitConditions.join(", ")}`,
    });
  }
}

const ended = new Set(["stopped", "exited"]);

/**
 * Returns the exit code of a container once it has ended, or is removed where that was asked for; -1 once it is in
 * another state that was asked for.
 */
export async function waitContainer(ctx: Context, nameOrId: string, options: WaitOptions): Promise<number> {
  const record = findRecord(ctx, nameOrId);
  const { id } = record;
  const conditions = options.conditions.length > 0 ? options.conditions : ["stopped"];
  const forEnd = conditions.some((condition) => ended.has(condition));
  const forRemoval = conditions.includes("removing");
  const forHealth = conditions.find((condition) => healths.has(condition));
  if (forHealth !== undefined) checkHasHealth(record, forHealth);
  /** Of the last end that was seen. */
  let exitCode: number | undefined;
  for (;;) {
    const status = readStatus(ctx, id);
    if (status.state === "exited") exitCode = status.last?.exitCode;
    if (!readRecord(ctx, id)) return forRemoval ? (exitCode ?? -1) : gone(id, forEnd ? exitCode : undefined);
    const met = conditions.find((condition) => matches(status.state, condition));
    if (met !== undefined) {
      if (!ended.has(met)) return -1;
      await removal(ctx, record);
      return status.last?.exitCode ?? 0;
    }
    if (forHealth !== undefined && hasHealth(ctx, record, status, conditions)) return -1;
    const socket =
      (forEnd || forRemoval) && conditions.length === 1 && isActive(status.state)
        ? status.last?.socket
        : undefined;
    const connection = socket ? await MonitorConnection.open(socket) : undefined;
    const exit = await connection?.waitClosed();
    if (exit) {
      // Whatever comes after it: the restart policy, somebody's restart.
      if (forEnd) {
        await removal(ctx, record);
        return exit.exitCode;
      }
      exitCode = exit.exitCode;
    } else if (!connection) {
      // A socket that is gone is soon followed by the exit code, and that, with --rm, by its removal.
      await new Promise((resolve) => setTimeout(resolve, socket ? SOON : options.interval));
    }
  }
}

/** Who has waited for one with --rm may use its name again: Podman waits for conmon, which ends after the removal. */
async function removal(ctx: Context, { id, config }: ContainerRecord): Promise<void> {
  if (!config.autoRemove) return;
  const deadline = Date.now() + REMOVAL;
  while (Date.now() < deadline && readRecord(ctx, id) && readStatus(ctx, id).state === "exited") {
    await new Promise((resolve) => setTimeout(resolve, SOON));
  }
}

function checkHasHealth({ id, config }: ContainerRecord, condition: string): void {
  if (checkCommand(config.health?.check ?? null)) return;
  throw new EngineError(
    "no-healthcheck",
    `cannot use condition "${condition}": container ${id} has no healthcheck`,
    { hint: "--health-cmd of `coracle run` defines one" },
  );
}

/** Whether the container is as healthy as asked for; one that doesn't run will not be. */
function hasHealth(
  ctx: Context,
  record: ContainerRecord,
  { state }: ContainerStatus,
  conditions: string[],
): boolean {
  if (conditions.includes(readHealth(ctx, record).Status)) return true;
  const ends = state === "exited" || state === "created";
  if (ends && conditions.every((condition) => healths.has(condition)))
    throw new EngineError("container-state", "container is stopped");
  return false;
}

function matches(state: ContainerState, condition: string): boolean {
  return (
    condition === state ||
    (condition === "configured" && state === "created") ||
    // A container that was never started counts as ended for `wait`, as in Podman.
    (ended.has(condition) && (state === "exited" || state === "created" || state === "restarting"))
  );
}

/** The exit code, if the end was seen before the removal. */
function gone(id: string, exitCode: number | undefined): number {
  if (exitCode !== undefined) return exitCode;
  throw new EngineError(
    "no-such-container",
    `container ${id} was removed while waiting for it: no such container`,
  );
}
