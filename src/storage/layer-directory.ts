import * as fs from "node:fs";
import * as path from "node:path";
import { isErrno } from "../errors.ts";

/** A layer as it is on disk, and its directories that hide those of the layers below. */
export interface TreeLayer {
  directory: string;
  opaque: readonly string[];
}

/** As many as the kernel follows. */
const LINKS_MAX = 40;

/**
 * The names in a directory of layers (topmost first) that aren't mounted, directories with a `/` behind; symbolic links on
 * the way lead inside. None where there is no such directory, or it can't be read from here.
 */
export function namesInLayers(layers: readonly TreeLayer[], directory: string): string[] {
  let wanted = path.posix.join("/", directory);
  for (let links = 0; links < LINKS_MAX; links++) {
    const found = descend(layers, wanted);
    if (Array.isArray(found)) return names(found, wanted);
    if (found === undefined) return [];
    wanted = found.path;
  }
  return [];
}

/** The layers that have the directory; where a link on the way leads to; undefined where there is none. */
function descend(layers: readonly TreeLayer[], wanted: string): TreeLayer[] | { path: string } | undefined {
  let visible = [...layers];
  let at = "/";
  const parts = wanted.split("/").filter((part) => part !== "");
  for (const [i, part] of parts.entries()) {
    const parent = at;
    at = path.posix.join(parent, part);
    const next: TreeLayer[] = [];
    for (const layer of visible) {
      const stat = lookAt(layer.directory + at);
      if (!stat) continue;
      if (stat.isSymbolicLink() && next.length === 0) {
        const target = path.posix.resolve(parent, fs.readlinkSync(layer.directory + at));
        return { path: path.posix.join(target, ...parts.slice(i + 1)) };
      }
      if (!stat.isDirectory()) break;
      next.push(layer);
      if (layer.opaque.includes(at.slice(1))) break;
    }
    if (next.length === 0) return undefined;
    visible = next;
  }
  return visible;
}

function names(layers: readonly TreeLayer[], directory: string): string[] {
  const found = new Map<string, string | undefined>();
  for (const layer of layers) {
    const place = layer.directory + directory;
    for (const name of listOrNone(place)) {
      if (!found.has(name)) found.set(name, shown(name, lookAt(path.posix.join(place, name))));
    }
  }
  return [...found.values()].filter((name) => name !== undefined).sort();
}

/** Whiteouts are not. */
function shown(name: string, stat: fs.Stats | undefined): string | undefined {
  if (!stat || (stat.isCharacterDevice() && stat.rdev === 0)) return undefined;
  return stat.isDirectory() ? `${name}/` : name;
}

function lookAt(file: string): fs.Stats | undefined {
  return orUndefined(() => fs.lstatSync(file));
}

function listOrNone(directory: string): string[] {
  return orUndefined(() => fs.readdirSync(directory)) ?? [];
}

function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    throw error;
  }
}
