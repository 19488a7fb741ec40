import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../errors.ts";

/** Makes the entries of a directory durable (a rename counts only after this). */
export function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Replaces a file as a whole: temporary file beside it, fsync, rename, fsync of the directory.
 * `durable: false` leaves out the fsyncs, for state whose loss in a power cut is as good as its end.
 */
export function writeFileAtomic(
  file: string,
  data: string | Uint8Array,
  options: { mode?: number; durable?: boolean } = {},
): void {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
  const durable = options.durable ?? true;
  try {
    const fd = fs.openSync(temporary, "w", options.mode ?? 0o600);
    try {
      fs.writeFileSync(fd, data);
      if (durable) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
    if (durable) syncDirectory(path.dirname(file));
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw writeError(file, error);
  }
}

export function writeJsonAtomic(
  file: string,
  value: unknown,
  options: { mode?: number; durable?: boolean } = {},
): void {
  writeFileAtomic(file, `${JSON.stringify(value)}\n`, options);
}

/** Writes a file that the user named. */
export function writeUserFile(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text);
  } catch (error) {
    throw writeError(file, error);
  }
}

/** Turns a failed write into an error that says what to do; a full disk is the common one. */
export function writeError(file: string, error: unknown): EngineError {
  if (isErrno(error, "ENOSPC", "EDQUOT")) {
    return new EngineError("disk-full", `cannot write ${file}: no space left on device`, {
      hint: "free space on that file system; `coracle rmi` and `coracle rm` remove images and containers",
      cause: error,
    });
  }
  return new EngineError("write-failed", `cannot write ${file}: ${reasonOf(error)}`, {
    cause: error,
  });
}

/** The parsed file, or undefined where there is none. Unparsable content is an error that names the file. */
export function readJson<T>(file: string): T | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new EngineError("corrupt-file", `${file} is not valid JSON`, {
      hint: "`coracle system check` lists damaged objects and how to remove them",
      cause: error,
    });
  }
}

/** Names in a directory; none where it does not exist. */
export function listDirectory(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}
