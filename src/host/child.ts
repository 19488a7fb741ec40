import type { StdioOptions } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { childProcess } from "./spawn.ts";

/** A child process, and what is said over descriptors of it that are "pipe" in its stdio, from 3 on. */
export interface Child {
  /** Its exit code, null where a signal ended it; fails where it could not be started. */
  readonly exited: Promise<number | null>;
  /** Takes what comes from its descriptor, and hears when nothing will come any more from a process that was started. */
  listen(fd: number, onText: (text: string) => void, onEnd: () => void): void;
  /** Says something to its descriptor, in vain if it has ended. */
  say(fd: number, text: string): void;
}

export interface ChildOptions {
  stdio: readonly unknown[];
  env: NodeJS.ProcessEnv;
}

/** Starts a program. */
export function startChild(file: string, args: readonly string[], options: ChildOptions): Child {
  return bun() ? withBun(file, args, options) : withNode(file, args, options);
}

function withNode(file: string, args: readonly string[], { stdio, env }: ChildOptions): Child {
  const child = childProcess().spawn(file, args, { stdio: stdio as StdioOptions, env });
  return {
    exited: new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    }),
    listen(fd, onText, onEnd) {
      const from = child.stdio[fd] as Readable;
      from.setEncoding("utf8");
      from.on("data", onText);
      from.on("close", onEnd);
    },
    say(fd, text) {
      const to = child.stdio[fd] as Writable;
      to.on("error", () => {});
      to.write(text);
    },
  };
}

/**
 * Bun's node:child_process does the same below a network socket and a stream for each descriptor, and loading those takes
 * four milliseconds, a fifth of the engine's time in `exec`.
 */
function withBun(file: string, args: readonly string[], options: ChildOptions): Child {
  let child: BunProcess;
  try {
    child = (bun() as Bun).spawn([file, ...args], options);
  } catch (error) {
    const exited = Promise.reject(error);
    exited.catch(() => {});
    return { exited, listen: () => {}, say: () => {} };
  }
  const ends = new Map<number, Promise<BunSocket>>();
  const connect = (fd: number, onText = (_text: string) => {}, onEnd = () => {}): Promise<BunSocket> => {
    const decoder = new TextDecoder();
    const socket = {
      data: (_: unknown, bytes: Uint8Array) => onText(decoder.decode(bytes, { stream: true })),
      close: onEnd,
      error: () => {},
    };
    const end = (bun() as Bun).connect({ fd: child.stdio[fd] as number, socket });
    ends.set(fd, end);
    end.catch(onEnd);
    return end;
  };
  return {
    exited: child.exited.then(() => child.exitCode),
    listen: (fd, onText, onEnd) => void connect(fd, onText, onEnd),
    say(fd, text) {
      (ends.get(fd) ?? connect(fd)).then((socket) => socket.write(text)).catch(() => {});
    },
  };
}

/** What is used of Bun's own interface. */
interface Bun {
  spawn(command: string[], options: ChildOptions): BunProcess;
  connect(options: { fd: number; socket: object }): Promise<BunSocket>;
}

interface BunProcess {
  readonly exited: Promise<number>;
  readonly exitCode: number | null;
  /** Of "pipe" from 3 on: our end of a pair of sockets. */
  readonly stdio: readonly (number | null)[];
}

interface BunSocket {
  write(text: string): number;
}

function bun(): Bun | undefined {
  return (globalThis as { Bun?: Bun }).Bun;
}
