import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf, remedyOf } from "../errors.ts";

/** Makes the entries of a directory durable (a rename counts only after this). */
export function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** A name for a file that is to replace another one. What killed writers left under such names is removed. */
export function temporaryBeside(file: string, suffix: "tmp" | "part"): string {
  const directory = path.dirname(file);
  const before = `.${path.basename(file)}.`;
  const after = `.${suffix}`;
  for (const name of listReadable(directory)) {
    if (!name.startsWith(before) || !name.endsWith(after)) continue;
    const pid = name.slice(before.length, -after.length);
    if (/^\d+$/.test(pid) && !fs.existsSync(`/proc/${pid}`))
      fs.rmSync(path.join(directory, name), { force: true });
  }
  return path.join(directory, `${before}${process.pid}${after}`);
}

function listReadable(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
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
  const temporary = temporaryBeside(file, "tmp");
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
    hint: remedyOf(error),
    cause: error,
  });
}

/**
 * The parsed file, or undefined where there is none. Content that isn't an object with these members is an error that
 * names the file.
 */
export function readJson<T>(file: string, members: readonly (keyof T & string)[] = []): T | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    if (isErrno(error, "EISDIR")) throw corruptFile(`${file} is a directory`, error);
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw corruptFile(`${file} is not valid JSON`, error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw corruptFile(`${file} is not a JSON object`);
  const missing = members.find((member) => !Object.hasOwn(value, member));
  if (missing !== undefined) throw corruptFile(`${file} lacks "${missing}"`);
  return value as T;
}

export function corruptFile(message: string, cause?: unknown): EngineError {
  return new EngineError("corrupt-file", message, {
    hint: "`coracle system check` lists damaged objects and how to remove them",
    cause,
  });
}

export function isCorrupt(error: unknown): boolean {
  return error instanceof EngineError && error.code === "corrupt-file";
}

/** For files that are made anew at need: what a power cut has left of one is as good as none. */
export function readWholeJson<T>(file: string): T | undefined {
  try {
    return readJson<T>(file);
  } catch (error) {
    if (isCorrupt(error)) return undefined;
    throw error;
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
