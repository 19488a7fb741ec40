import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { runLayerTool } from "../host/layer-tool.ts";
import { sha256 } from "../oci/hash.ts";
import type { Compression } from "../oci/manifest-format.ts";
import { readTarIndex, type TarEntry } from "./tar-index.ts";

/** An open image archive, or a directory with the same files. */
export interface Archive {
  /** Its name in messages. */
  name: string;
  isDirectory: boolean;
  has(entry: string): boolean;
  get(entry: string): ArchiveEntry | undefined;
  close(): void;
}

/** A part of an open file. */
export interface ArchiveEntry extends TarEntry {
  fd: number;
}

/** A path, or "-" for stdin. */
export type ArchiveInput = string;

/** Of archives and what they hold. Layers of images can't be xz or bzip2. */
export type BlobCompression = Compression | "xz" | "bzip2";

function inputName(input: ArchiveInput): string {
  return input === "-" ? "standard input" : input;
}

/**
 * Opens an archive for reading anywhere in it. A plain tar file is used where it lies; what is compressed, or comes
 * through a pipe, is first unpacked below `staging`.
 */
export async function openArchive(ctx: Context, staging: string, input: ArchiveInput): Promise<Archive> {
  const name = inputName(input);
  if (input !== "-" && fs.statSync(input, { throwIfNoEntry: false })?.isDirectory())
    return openDirectory(input);
  const source = openInput(input);
  const close = () => {
    if (source !== 0) fs.closeSync(source);
  };
  try {
    if (fs.fstatSync(source).isFile() && compressionOf(peek(source)) === "none") {
      return tarArchive(name, source, readTarIndex(source, name), close);
    }
    const plain = await decompressTo(ctx, source, path.join(staging, "archive.tar"), name);
    const entries = indexOrClose(plain, name);
    close();
    return tarArchive(name, plain, entries, () => fs.closeSync(plain));
  } catch (error) {
    close();
    throw error;
  }
}

function tarArchive(
  name: string,
  fd: number,
  entries: ReadonlyMap<string, TarEntry>,
  close: () => void,
): Archive {
  return {
    name,
    isDirectory: false,
    has: (entry) => entries.has(entry),
    get: (entry) => {
      const found = entries.get(entry);
      return found && { fd, ...found };
    },
    close,
  };
}

/** Opens the files of a directory when they are asked for. */
function openDirectory(directory: string): Archive {
  const open = new Map<string, ArchiveEntry>();
  return {
    name: directory,
    isDirectory: true,
    has: (entry) => fs.existsSync(path.join(directory, entry)),
    get: (entry) => {
      const file = path.join(directory, entry);
      // The names come from files of the directory: none may lead out of it.
      if (!open.has(entry) && !entry.split("/").includes("..") && fs.existsSync(file)) {
        const fd = openInput(file);
        open.set(entry, { fd, offset: 0, size: fs.fstatSync(fd).size });
      }
      return open.get(entry);
    },
    close: () => {
      for (const { fd } of open.values()) fs.closeSync(fd);
    },
  };
}

/** `message` says in the words of the command that there is nothing to open. */
export function openInput(
  input: ArchiveInput,
  message = (reason: string) => `faccessat ${input}: ${reason}`,
): number {
  if (input === "-") return 0;
  let fd: number;
  try {
    fd = fs.openSync(input, "r");
  } catch (error) {
    throw new EngineError("no-archive", message(reasonOf(error)), { cause: error });
  }
  if (!fs.fstatSync(fd).isDirectory()) return fd;
  fs.closeSync(fd);
  throw new EngineError("no-archive", `${input} is a directory`, { hint: "give an archive file" });
}

async function decompressTo(ctx: Context, source: number, file: string, name: string): Promise<number> {
  const target = fs.openSync(file, "wx+", 0o600);
  try {
    await runLayerTool(ctx, ["decompress"], { stdin: source, stdout: target });
    return target;
  } catch (error) {
    fs.closeSync(target);
    if (error instanceof EngineError && error.code === "corrupt-archive") {
      throw new EngineError(error.code, `${name} is not a usable archive: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

function indexOrClose(fd: number, name: string): Map<string, TarEntry> {
  try {
    return readTarIndex(fd, name);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/** First bytes of a file or of a part of it. */
export function peek(fd: number, offset = 0): Buffer {
  const bytes = Buffer.alloc(6);
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, offset));
}

export function compressionOf(start: Buffer): BlobCompression {
  const hex = start.toString("hex");
  if (hex.startsWith("1f8b")) return "gzip";
  if (hex.startsWith("28b52ffd")) return "zstd";
  if (hex.startsWith("fd377a585a00")) return "xz";
  return hex.startsWith("425a68") ? "bzip2" : "none";
}

/** A small file of the archive; undefined where there is none. */
export function readEntry(archive: Archive, name: string, maxSize: number): Buffer | undefined {
  const entry = archive.get(name);
  if (!entry) return undefined;
  if (entry.size > maxSize) {
    throw new EngineError("corrupt-archive", `${archive.name}: ${name} is larger than ${maxSize} bytes`);
  }
  const bytes = Buffer.alloc(entry.size);
  fs.readSync(entry.fd, bytes, 0, entry.size, entry.offset);
  return bytes;
}

/** Digest of a part of an open file. */
export function digestOfPart(fd: number, { offset, size }: TarEntry): string {
  const hash = sha256();
  const buffer = Buffer.alloc(Math.min(size, 1 << 20));
  for (let at = 0; at < size; ) {
    const read = fs.readSync(fd, buffer, 0, Math.min(buffer.length, size - at), offset + at);
    if (read === 0) break;
    hash.update(buffer.subarray(0, read));
    at += read;
  }
  return `sha256:${hash.digest("hex")}`;
}
