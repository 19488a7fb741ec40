import { findProgram } from "./programs.ts";
import { childProcess } from "./spawn.ts";

/** What is asked for each time, a little before it is over, and how often. */
const EXTENSION_SECONDS = 30;
const INTERVAL_MS = 25_000;
const EXTENSIONS = 10;

/** How long a service may start in all, in Go's words. */
export const EXTENDED_START = `${(EXTENSION_SECONDS * EXTENSIONS) / 60}m0s`;

/**
 * Asks the service manager that waits for us (NOTIFY_SOCKET) for patience until the returned function is called;
 * undefined where none does. systemd's own program tells it, since datagrams of Unix sockets are nothing Node knows.
 */
export function extendStart(): (() => void) | undefined {
  const program = process.env["NOTIFY_SOCKET"] ? findProgram("systemd-notify") : undefined;
  if (!program) return undefined;
  let left = EXTENSIONS;
  const extend = () => {
    if (left-- <= 0) return;
    const message = `EXTEND_TIMEOUT_USEC=${EXTENSION_SECONDS}000000`;
    const child = childProcess().spawn(program, [message], { stdio: "ignore" });
    child.on("error", () => {}); // the work goes on without
    child.unref();
  };
  extend();
  const timer = setInterval(extend, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
