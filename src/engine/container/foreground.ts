import { constants } from "node:os";
import { EngineError } from "../../errors.ts";
import type { ExitEvent } from "../../runtime/control.ts";
import type { Relay } from "../../runtime/monitor.ts";

/** Not for the container: our own business, or (the faults) never a message from somebody. */
const kept = new Set<string>([
  "SIGCHLD",
  "SIGPIPE",
  "SIGURG",
  "SIGWINCH",
  "SIGTTIN",
  "SIGTTOU",
  "SIGKILL",
  "SIGSTOP",
  "SIGSEGV",
  "SIGBUS",
  "SIGFPE",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGIOT",
  "SIGSYS",
  "SIGPROF",
  "SIGSTKFLT",
  "SIGUNUSED",
]);

/** Passes this process's signals on to the container until the returned function is called. */
function proxySignals(relay: Relay): () => void {
  const handlers: [NodeJS.Signals, () => void][] = [];
  for (const [name, number] of Object.entries(constants.signals)) {
    if (kept.has(name)) continue;
    const handler = () => relay.signal(number);
    process.on(name as NodeJS.Signals, handler);
    handlers.push([name as NodeJS.Signals, handler]);
  }
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
}

/** Stays with an attached container. Undefined when the user has detached from it. */
export async function followRelay(relay: Relay, options: { sigProxy: boolean }): Promise<ExitEvent | undefined> {
  const stop = options.sigProxy ? proxySignals(relay) : () => {};
  try {
    await relay.started();
    const end = await relay.end();
    return end.how === "exited" ? end.exit : undefined;
  } catch (error) {
    if (error instanceof EngineError && error.code === "monitor-gone") {
      throw new EngineError("monitor-gone", "the container's monitor was killed, and the container with it", {
        hint: "`coracle ps -a` shows its state; `coracle start` starts it again",
        cause: error,
      });
    }
    throw error;
  } finally {
    stop();
  }
}
