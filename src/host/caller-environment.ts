/** What the launcher tells the engine; see native/PROTOCOL.md §1. */
const own = [
  "CORACLE_NS",
  "CORACLE_RUN",
  "CORACLE_BIN",
  "CORACLE_NAME",
  "CORACLE_UID",
  "CORACLE_GID",
  "CORACLE_ALIVE_FD",
  "CORACLE_OUTSIDE_FD",
  "CORACLE_FDS",
];

/** The environment as the caller has it, for what runs on his behalf: without what concerns the engine alone. */
export function callerEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.includes(name)));
}
