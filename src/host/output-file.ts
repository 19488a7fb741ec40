import * as fs from "node:fs";
import { EngineError, isErrno, reasonOf } from "../errors.ts";
import { temporaryBeside, writeError } from "./files.ts";

/**
 * Lets `write` write a file that the user named, or stdout. A failed write tells what was written; the complaint that
 * there can't be such a file begins with `opening`.
 */
export async function withOutput(
  output: string | undefined,
  opening: string,
  write: (fd: number) => Promise<unknown>,
): Promise<void> {
  try {
    if (output === undefined) await write(1);
    else await writeWhole(output, opening, write);
  } catch (error) {
    if (output === undefined && isErrno(error, "EPIPE")) throw error; // its reader has enough
    throw error instanceof Error && "syscall" in error
      ? writeError(output ?? "standard output", error)
      : error;
  }
}

/** The file appears when it is complete. What isn't a regular file (a pipe, a link as /dev/stdout is) is written as it goes. */
async function writeWhole(
  output: string,
  opening: string,
  write: (fd: number) => Promise<unknown>,
): Promise<void> {
  const existing = fs.lstatSync(output, { throwIfNoEntry: false });
  const direct = existing !== undefined && !existing.isFile();
  const target = direct ? output : temporaryBeside(output, "part");
  let fd: number | undefined;
  try {
    fd = openOutput(target, `${opening}open ${output}`);
    await write(fd);
    fs.closeSync(fd);
    fd = undefined;
    if (!direct) fs.renameSync(target, output);
  } catch (error) {
    if (fd !== undefined) fs.closeSync(fd);
    if (!direct) fs.rmSync(target, { force: true });
    throw error;
  }
}

function openOutput(target: string, message: string): number {
  try {
    return fs.openSync(target, "w", 0o644);
  } catch (cause) {
    throw new EngineError("write-failed", `${message}: ${reasonOf(cause)}`, { cause });
  }
}
