import * as fs from "node:fs";
import * as path from "node:path";
import { isErrno } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { readJson } from "../host/files.ts";
import { diffDirectory, type LayerRecord, layerDirectory } from "./layers.ts";

/** More than this no sane /etc/passwd has; an image's may be anything (CVE-2024-9676). */
const MAX_SIZE = 1 << 20;

/**
 * Text of a file that an image has, read from its layers without mounting them. Empty when there is none; undefined when
 * this simple walk can't tell (a symlink or anything odd on the way): then the mounted rootfs must be asked.
 * `file` is relative and lies one directory deep (`etc/passwd`).
 */
export function readLayerFile(ctx: Context, layers: readonly string[], file: string): string | undefined {
  const directory = path.posix.dirname(file);
  for (const key of layers) {
    const diff = diffDirectory(ctx, key);
    const parent = kindOf(path.join(diff, directory));
    if (parent === "whiteout") return "";
    if (parent === "absent") continue;
    if (parent !== "directory") return undefined;
    const found = kindOf(path.join(diff, file));
    if (found === "file") return readRegular(path.join(diff, file));
    if (found === "whiteout") return "";
    if (found !== "absent") return undefined;
    const record = readJson<LayerRecord>(path.join(layerDirectory(ctx, key), "record.json"));
    if (record?.opaque.includes(directory)) return "";
  }
  return "";
}

type Kind = "absent" | "directory" | "file" | "whiteout" | "other";

function kindOf(file: string): Kind {
  try {
    const stats = fs.lstatSync(file);
    if (stats.isDirectory()) return "directory";
    if (stats.isFile()) return "file";
    if (stats.isCharacterDevice() && stats.rdev === 0) return "whiteout";
    return "other";
  } catch (error) {
    if (isErrno(error, "ENOENT")) return "absent";
    throw error;
  }
}

function readRegular(file: string): string | undefined {
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  try {
    const stats = fs.fstatSync(fd);
    return stats.isFile() && stats.size <= MAX_SIZE ? fs.readFileSync(fd, "utf8") : undefined;
  } finally {
    fs.closeSync(fd);
  }
}
