import * as fs from "node:fs";
import { EngineError, isErrno, reasonOf, remedyOf } from "../errors.ts";
import { isTerminal } from "../host/terminal.ts";
import { asCalled } from "./program-name.ts";

export { isTerminal } from "../host/terminal.ts";

/**
 * Text for the user, written at once: a process that exits right afterwards has lost nothing, whatever stdout is, and
 * the costly `process.stdout` object is never made. Waits where the other end is a slow non-blocking pipe.
 */
export function writeAll(fd: number, data: string | Uint8Array): void {
  let bytes = typeof data === "string" ? Buffer.from(data) : data;
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(fs.writeSync(fd, bytes));
    } catch (error) {
      if (!isErrno(error, "EAGAIN")) throw outputFailed(fd, error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** A reader that has enough (EPIPE) ends the command without a word. */
function outputFailed(fd: number, error: unknown): unknown {
  if (isErrno(error, "EPIPE")) return error;
  return new EngineError(
    "output-failed",
    `write /dev/${fd === 1 ? "stdout" : "stderr"}: ${reasonOf(error)}`,
    {
      hint: "look at where the output goes",
      cause: error,
    },
  );
}

export function print(text: string): void {
  writeAll(1, forTerminal(text, 1));
}

export function printLine(text = ""): void {
  print(`${text}\n`);
}

/**
 * Names, labels, commands and paths of images and containers are strangers' texts, and must not steer a terminal. Whoever has
 * escape sequences in his own --format wants them.
 */
export function forTerminal(
  text: string,
  fd: number,
  {
    terminal = isTerminal,
    argv = process.argv,
  }: { terminal?: (fd: number) => boolean; argv?: string[] } = {},
): string {
  if (!steering.test(text) || !terminal(fd)) return text;
  if (argv.some((word) => steering.test(word) || /\\(x1b|u001b|0?33)/i.test(word))) return text;
  return text.replace(new RegExp(steering, "gu"), "?");
}

/** Control characters but tab and newline, and what turns the direction of writing. */
const steering = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u;

/** stderr may be gone; that is no reason to fail. */
export function printError(line: string): void {
  try {
    writeAll(2, `${forTerminal(line, 2)}\n`);
  } catch {
    // nobody is there to be told
  }
}

/** Indented JSON; how far differs from command to command, as it does in Podman. */
export function printJson(value: unknown, indent = 4): void {
  printLine(JSON.stringify(value, null, indent));
}

/** For a display that is drawn anew. */
export function clearScreen(): void {
  writeAll(1, "\x1b[2J\x1b[1;1H");
}

/** Writes a file that the user named. */
export function writeText(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text);
  } catch (cause) {
    throw new EngineError("write-failed", `open ${file}: ${reasonOf(cause)}`, { cause });
  }
}

/** What the machine refuses, whatever the program: no bug. */
const ofTheMachine = [
  ...["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"],
  ...["EMFILE", "ENFILE", "ENOMEM", "EIO"],
];

/** Node's `ENOTDIR: not a directory, scandir '/x'` as `scandir /x: not a directory`. */
function systemMessage(error: NodeJS.ErrnoException): string {
  const what = [error.syscall, error.path].filter(Boolean).join(" ");
  const remedy = remedyOf(error);
  return `${what ? `${what}: ` : ""}${reasonOf(error)}${remedy ? `; ${remedy}` : ""}`;
}

/** A failure as the user sees it: one line, the remedy included. */
export function errorLine(error: unknown): string {
  if (error instanceof EngineError) {
    return asCalled(`Error: ${error.message}${error.hint ? `; ${error.hint}` : ""}`);
  }
  if (isErrno(error, ...ofTheMachine)) return `Error: ${systemMessage(error)}`;
  const message = error instanceof Error ? error.message : String(error);
  return `Error: internal error: ${message.split("\n")[0]}; this is a bug, --log-level debug shows where`;
}
