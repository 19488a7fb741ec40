import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../host/context.ts";
import { sha256 } from "../oci/hash.ts";
import { commitLayer, hasLayer, type LayerRecord, layerSync } from "./layers.ts";

/*
 * Parents layers. A layer tar may hold `a/b/c` without entries for `a` and `a/b`; these directories then keep what the
 * layer below gave them. An unpacked layer can't: overlayfs takes a directory's metadata from the topmost layer that
 * has it, and layers are unpacked without knowing what will be below them. So an image with such directories gets one
 * more layer on top that holds nothing but them, with the right metadata. It is no part of the image's manifest.
 */

/** A layer of an image with its record, as found in the store. */
export interface ParentsInput {
  diff: string;
  record: LayerRecord;
}

/** The same, to be asked about many names: an image may imply as many directories as it likes. */
interface Layer {
  diff: string;
  implicit: ReadonlySet<string>;
  opaque: ReadonlySet<string>;
}

interface DirectoryMetadata {
  path: string;
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
}

/**
 * Makes the parents layer for layers (topmost first), if they need one, and returns its key. Almost all images need
 * none, which costs nothing.
 */
export async function makeParentsLayer(
  ctx: Context,
  staging: string,
  layers: readonly ParentsInput[],
): Promise<string | null> {
  const wanted = impliedDirectories(layers);
  if (wanted.length === 0) return null;
  const text = JSON.stringify(wanted);
  // Not a digest of a tar: the prefix keeps its key from ever being some layer's diffID.
  const key = sha256().update(`parents\0${text}`).digest("hex");
  if (hasLayer(ctx, `sha256:${key}`)) return key;
  const directory = path.join(staging, `parents-${key}`);
  const diff = path.join(directory, "diff");
  fs.mkdirSync(diff, { recursive: true, mode: 0o755 });
  // Parents come before what is in them; times are set last and from the inside out, as every new entry changes them.
  for (const item of wanted) if (item.path !== "") fs.mkdirSync(path.join(diff, item.path), 0o700);
  for (const item of wanted.toReversed()) {
    const target = path.join(diff, item.path);
    fs.chownSync(target, item.uid, item.gid);
    fs.chmodSync(target, item.mode);
    fs.utimesSync(target, item.mtimeMs / 1000, item.mtimeMs / 1000);
  }
  fs.writeFileSync(
    path.join(directory, "record.json"),
    `${JSON.stringify({ version: 1, parents: wanted })}\n`,
  );
  await layerSync(ctx, staging)();
  commitLayer(ctx, directory, key);
  return key;
}

/** The directories to set right, sorted, each with all of its own parents (which would be wrong next). */
function impliedDirectories(inputs: readonly ParentsInput[]): DirectoryMetadata[] {
  const found = new Map<string, DirectoryMetadata>();
  const layers = inputs.map(({ diff, record }): Layer => {
    return { diff, implicit: new Set(record.implicit), opaque: new Set(record.opaque) };
  });
  for (const name of new Set(layers.flatMap(({ implicit }) => [...implicit]))) {
    const effective = effectiveMetadata(layers, name);
    if (!effective?.implied) continue;
    for (let at = name; ; at = parentOf(at)) {
      const metadata = effectiveMetadata(layers, at);
      if (metadata) found.set(at, metadata.metadata);
      if (at === "") break;
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function parentOf(name: string): string {
  const slash = name.lastIndexOf("/");
  return slash < 0 ? "" : name.slice(0, slash);
}

/**
 * What a directory of the merged tree should have: that of the topmost layer which lists it. `implied` when overlayfs
 * would show another, because a layer above only implies it. Undefined when it isn't a directory there.
 */
function effectiveMetadata(
  layers: readonly Layer[],
  name: string,
): { metadata: DirectoryMetadata; implied: boolean } | undefined {
  let top: fs.Stats | undefined;
  for (const { diff, implicit, opaque } of layers) {
    const found = lookUp(diff, name);
    if (found === "hidden") break;
    if (found !== undefined) {
      top ??= found;
      if (!implicit.has(name)) {
        return { metadata: describe(name, found), implied: !sameMetadata(top, found) };
      }
    }
    if (isHiddenBelow(opaque, name)) break;
  }
  return top && { metadata: describe(name, top), implied: false };
}

/** The directory in one layer; undefined where the layer doesn't have it, "hidden" where it removes or replaces it. */
function lookUp(diff: string, name: string): fs.Stats | "hidden" | undefined {
  let at = diff;
  let stats = fs.lstatSync(at);
  if (name === "") return stats;
  for (const part of name.split("/")) {
    at = path.join(at, part);
    const next = fs.lstatSync(at, { throwIfNoEntry: false });
    if (next === undefined) return undefined;
    // A whiteout, a file or a symbolic link: nothing below shows through.
    if (!next.isDirectory()) return "hidden";
    stats = next;
  }
  return stats;
}

function isHiddenBelow(opaque: ReadonlySet<string>, name: string): boolean {
  if (opaque.size === 0) return false;
  for (let at = name; at !== ""; at = parentOf(at)) if (opaque.has(at)) return true;
  return opaque.has("");
}

function describe(name: string, stats: fs.Stats): DirectoryMetadata {
  return { path: name, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, mtimeMs: stats.mtimeMs };
}

function sameMetadata(a: fs.Stats, b: fs.Stats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}
