import { constants } from "node:os";

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

/** Hands this process's signals to `send`, by number, until the returned function is called. */
export function proxySignals(send: (signal: number) => void): () => void {
  const handlers: [NodeJS.Signals, () => void][] = [];
  for (const [name, number] of Object.entries(constants.signals)) {
    if (kept.has(name)) continue;
    const handler = () => send(number);
    process.on(name as NodeJS.Signals, handler);
    handlers.push([name as NodeJS.Signals, handler]);
  }
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
}
