import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { signalName } from "../../oci/signals.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { isActive, readStatus, signalMonitor, wakeMonitor } from "../../runtime/status.ts";
import { healContainer } from "./heal.ts";

/** How long the end of a container may take after its SIGKILL before its monitor counts as stuck, in milliseconds. */
const GRACE = 10_000;

/** How long a monitor takes from closing its socket to its end. */
const ENDING = 500;

/** Seconds that a timer can wait, and the monitor's protocol can say, less the grace: 24 days, which stand for ever. */
const LONGEST = Math.floor((2 ** 31 - 1 - GRACE) / 1000);

const KILL = 9;

export interface StopOptions {
  /** Seconds before SIGKILL; negative: for ever; undefined: the container's own. */
  timeout?: number | undefined;
  signal?: number;
  /** Told when it did not end by itself in time. */
  warn?: ((text: string) => void) | undefined;
}

/** Stops a running container and returns when nothing of it runs any more. False when it wasn't running. */
export async function stopContainer(
  ctx: Context,
  record: ContainerRecord,
  options: StopOptions,
): Promise<boolean> {
  const timeout = boundedTimeout(options.timeout ?? record.config.stopTimeout);
  const deadline = Date.now() + timeout * 1000 + GRACE;
  let wasRunning = false;
  // Between two runs of a restart policy a monitor lets go of everybody, with what they were about to ask.
  while (await stopOnce(ctx, record, timeout, options)) {
    wasRunning = true;
    if (!isActive(readStatus(ctx, record.id).state)) break;
    if (Date.now() > deadline) {
      throw new EngineError("cannot-stop", `cannot stop container ${record.id}: its monitor does not end`, {
        hint: "`coracle doctor` looks for the reason",
      });
    }
  }
  return wasRunning;
}

/** False when there was nothing to stop. */
async function stopOnce(
  ctx: Context,
  record: ContainerRecord,
  timeout: number,
  { signal = 0, warn }: StopOptions,
): Promise<boolean> {
  const status = readStatus(ctx, record.id);
  if (status.stale) await healContainer(ctx, record.id);
  if (!isActive(status.state) || !status.last?.socket) return false;
  wakeMonitor(status.last);
  const connection = await MonitorConnection.open(status.last.socket);
  const stopped = connection
    ? await within(timeout * 1000 + GRACE, async () => {
        await connection.stop(timeout, signal);
        const exit = await connection.waitClosed();
        const asked = signal || record.config.stopSignal;
        if (exit?.signal !== KILL || asked === KILL || timeout === 0) return;
        warn?.(
          `StopSignal ${signalName(asked)} failed to stop container ${record.name} in ${timeout} seconds, resorting to SIGKILL`,
        );
      })
    : await stopBySignal(ctx, record.id, timeout * 1000);
  connection?.close();
  if (!stopped) {
    signalActive(ctx, record.id, "SIGKILL");
    await within(GRACE, () => untilEnded(ctx, record.id));
  }
  await healContainer(ctx, record.id);
  return true;
}

/** Podman takes negative numbers for large ones. */
function boundedTimeout(seconds: number): number {
  return seconds < 0 ? LONGEST : Math.min(seconds, LONGEST);
}

/** Its socket is gone: it is ending on its own, or the run directory was removed and it has to be told otherwise. */
async function stopBySignal(ctx: Context, id: string, timeout: number): Promise<boolean> {
  if (await within(ENDING, () => untilEnded(ctx, id))) return true;
  signalActive(ctx, id, "SIGTERM");
  return await within(timeout, () => untilEnded(ctx, id));
}

/** Signals the monitor unless the container has ended: then its pid may be that of the command that cleans up. */
function signalActive(ctx: Context, id: string, signal: NodeJS.Signals): void {
  const { state, last } = readStatus(ctx, id);
  if (isActive(state) && last) signalMonitor(last.monitor, signal);
}

async function untilEnded(ctx: Context, id: string): Promise<void> {
  while (isActive(readStatus(ctx, id).state)) await new Promise((resolve) => setTimeout(resolve, 5));
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
