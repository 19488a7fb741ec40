import { EngineError } from "../errors.ts";

/** Descriptors of ours that a new process gets, under the same numbers. */
export interface PassedFds {
  /** From 3 on. */
  numbers: number[];
  /** What tells the process of those among them that come from a service manager (sd_listen_fds). */
  env: string[];
}

/** Those from 3 on that our caller has handed down, as the launcher found them (native/PROTOCOL.md §1). */
function inherited(): Set<number> {
  return new Set((process.env.CORACLE_FDS ?? "").split(",").filter(Boolean).map(Number));
}

/** What --preserve-fds and --preserve-fd ask for. */
export function preservedFds(count: number, list: readonly number[]): number[] {
  if (count === 0 && list.length === 0) return [];
  const there = inherited();
  const check = (fd: number, option: string) => {
    if (there.has(fd)) return fd;
    throw new EngineError(
      "usage",
      `file descriptor ${fd} is not available - the ${option} option requires that file descriptors must be passed`,
    );
  };
  const named = list.map((fd) => check(fd, "preserve-fd"));
  const counted = Array.from({ length: count }, (_, index) => check(3 + index, "preserve-fds"));
  return [...new Set([...counted, ...named])];
}

/** Adds what a service manager has handed us for the container (socket activation). */
export function withListenFds(numbers: readonly number[]): PassedFds {
  const there = inherited();
  const count = Number(process.env.LISTEN_FDS ?? 0);
  const sockets = Number.isSafeInteger(count) && count > 0 && count <= there.size ? count : 0;
  const listen = Array.from({ length: sockets }, (_, index) => 3 + index);
  if (listen.length === 0 || !listen.every((fd) => there.has(fd))) return { numbers: [...numbers], env: [] };
  const names = process.env.LISTEN_FDNAMES;
  // A container's program is the first in its pid namespace.
  const env = [
    "LISTEN_PID=1",
    `LISTEN_FDS=${count}`,
    ...(names === undefined ? [] : [`LISTEN_FDNAMES=${names}`]),
  ];
  return { numbers: [...new Set([...listen, ...numbers])], env };
}
