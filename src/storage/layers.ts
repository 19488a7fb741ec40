import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno } from "../errors.ts";
import { type Context, ensureDirectory, isRealRoot } from "../host/context.ts";
import { readJson, readWholeJson } from "../host/files.ts";
import { type Feeder, runLayerTool } from "../host/layer-tool.ts";
import { digestHex } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image.ts";
import type { BlobCompression } from "./archive.ts";
import { locate } from "./locate.ts";

/*
 * `layers/<diffID hex>/{diff,record.json}`: unpacked layers, shared by every image that has them. A layer is complete
 * and durable before it has its name.
 */

export interface LayerRecord {
  version: 1;
  diffID: string;
  /** Bytes of the uncompressed tar. */
  diffSize: number;
  /** Bytes of its files. */
  size: number;
  entries: number;
  /** Directories that the tar doesn't list but needs; see parents.ts. */
  implicit: string[];
  /** Directories that hide those of the layers below. */
  opaque: string[];
}

export function layersDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "layers");
}

/** `key` is the hex of a diffID, or the key of a parents layer. In the own store, whether it is there or not. */
export function ownLayerDirectory(ctx: Context, key: string): string {
  return path.join(layersDirectory(ctx), key);
}

/** Where it is to be read. */
export function layerDirectory(ctx: Context, key: string): string {
  return locate(ctx, "layers", key);
}

export function diffDirectory(ctx: Context, key: string): string {
  return path.join(layerDirectory(ctx, key), "diff");
}

/** Whether the layer is there as a whole. */
export function hasLayer(ctx: Context, diffID: string): boolean {
  return isWhole(layerDirectory(ctx, digestHex(diffID)));
}

function isWhole(directory: string): boolean {
  return hasDiff(directory) && readWholeJson(path.join(directory, "record.json")) !== undefined;
}

function hasDiff(directory: string): boolean {
  return fs.statSync(path.join(directory, "diff"), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export function missingLayer(key: string, cause?: unknown): EngineError {
  return new EngineError("missing-layer", `the image store lacks layer ${key}`, {
    hint: "pull or load the image again",
    cause,
  });
}

export function readLayerRecord(ctx: Context, diffID: string): LayerRecord | undefined {
  return readJson<LayerRecord>(path.join(layerDirectory(ctx, digestHex(diffID)), "record.json"));
}

/** A part of an open file: all of it, or (with `offset`) the descriptor's size of it. */
export interface FilePart {
  fd: number;
  offset?: number;
}

/** Where a layer blob comes from: an open file, or one that grows while it is unpacked. */
export type BlobInput = FilePart | { file: string; feeder: Feeder };

/** What `coracle-layer apply` reports (native/PROTOCOL.md §4). */
interface ApplyReport {
  digest: string;
  size: number;
  diffID: string;
  diffSize: number;
  bytes: number;
  entries: number;
  compression: BlobCompression;
  implicit: string[];
  opaque: string[];
}

export interface AppliedLayer {
  /** Directory to be renamed to `layers/<hex>`, `diff` and `record.json` inside. */
  directory: string;
  record: LayerRecord;
  digest: string;
  size: number;
  compression: BlobCompression;
}

/**
 * Unpacks a blob below `staging`, verifying what is known of it while it streams through, and writes its record. With
 * `copyTo` the blob is kept as it came.
 */
export async function applyLayer(
  ctx: Context,
  staging: string,
  name: string,
  input: BlobInput,
  known: { descriptor?: Descriptor; diffID?: string; copyTo?: string },
): Promise<AppliedLayer> {
  const directory = path.join(staging, name);
  const diff = path.join(directory, "diff");
  ensureDirectory(directory);
  fs.mkdirSync(diff, 0o755);
  const args = ["apply", "--dir", diff, "--xattrs", isRealRoot(ctx) ? "trusted" : "user"];
  if (known.descriptor)
    args.push("--digest", known.descriptor.digest, "--size", String(known.descriptor.size));
  if (known.diffID !== undefined) args.push("--diff-id", known.diffID);
  if (known.copyTo !== undefined) args.push("--copy-to", known.copyTo);
  if (ctx.storage.ignoreChownErrors) args.push("--ignore-chown-errors");
  if ("file" in input) args.push("--follow", input.file);
  else if (input.offset !== undefined) args.push("--offset", String(input.offset));
  const output = await runLayerTool(ctx, args, { stdin: "file" in input ? input.feeder : input.fd });
  const report = JSON.parse(output.toString()) as ApplyReport;
  const record: LayerRecord = {
    version: 1,
    diffID: report.diffID,
    diffSize: report.diffSize,
    size: report.bytes,
    entries: report.entries,
    implicit: report.implicit,
    opaque: report.opaque,
  };
  fs.writeFileSync(path.join(directory, "record.json"), `${JSON.stringify(record)}\n`, { mode: 0o600 });
  return { directory, record, digest: report.digest, size: report.size, compression: report.compression };
}

/** Gives a durable layer its name. Another process may have been faster: its layer is the same. */
export function commitLayer(ctx: Context, directory: string, key: string): void {
  ensureDirectory(layersDirectory(ctx));
  const target = ownLayerDirectory(ctx, key);
  try {
    fs.renameSync(directory, target);
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
    if (!isWhole(target)) replaceSpoilt(directory, target);
  }
}

/** Files that are whole stay: containers may run on them. */
function replaceSpoilt(directory: string, target: string): void {
  for (const name of hasDiff(target) ? ["record.json"] : ["diff", "record.json"]) {
    fs.rmSync(path.join(target, name), { recursive: true, force: true });
    fs.renameSync(path.join(directory, name), path.join(target, name));
  }
}

/**
 * Makes unpacked layers durable: one syncfs instead of an fsync for each of thousands of files. Callers that come while
 * one runs share the next: many small layers cost few.
 */
export function layerSync(ctx: Context, directory: string): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running = runLayerTool(ctx, ["sync", directory]).then(() => undefined);
    const done = () => {
      running = undefined;
    };
    running.then(done, done);
    return running;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}
