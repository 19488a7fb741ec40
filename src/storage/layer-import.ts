import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Readable } from "node:stream";
import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { writeError } from "../host/files.ts";
import { pipeLayerTool } from "../host/layer-tool.ts";
import { withClaim } from "../host/lock.ts";
import { digestHex } from "../oci/digest.ts";
import { sha256 } from "../oci/hash.ts";
import type { Descriptor } from "../oci/image.ts";
import { commitBlob, hasBlob, openBlob } from "./blobs.ts";
import { type AppliedLayer, applyLayer, type BlobInput, commitLayer, hasLayer, layerSync } from "./layers.ts";

/** A layer to have in the store: unpacked, and its blob as it came. */
export interface WantedLayer {
  descriptor: Descriptor;
  diffID: string;
  /** Where to get the blob; asked only when it is missing. A stream is read once, an archive stays open. */
  open: () => Promise<BlobInput>;
}

export type LayerEvent = { digest: string; status: "started" | "done" | "exists" };

/**
 * Brings layers into the store, several at once. Of all processes that want one blob, one works on it while the others
 * wait for it, and the next takes over at once when that one dies.
 */
export async function importLayers(
  ctx: Context,
  staging: string,
  layers: readonly WantedLayer[],
  onEvent: (event: LayerEvent) => void = () => {},
): Promise<void> {
  const sync = layerSync(ctx, staging);
  // One image may list a layer twice.
  const queue = [...new Map(layers.map((layer) => [layer.descriptor.digest + layer.diffID, layer])).values()];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let layer = queue.shift(); layer && failures.length === 0; layer = queue.shift()) {
      try {
        await importLayer(ctx, staging, layer, sync, onEvent);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const workers = Math.min(Math.max(os.availableParallelism(), 3), 6, queue.length);
  await Promise.all(Array.from({ length: workers }, worker));
  if (failures.length > 0) throw failures[0];
}

async function importLayer(
  ctx: Context,
  staging: string,
  layer: WantedLayer,
  sync: () => Promise<void>,
  onEvent: (event: LayerEvent) => void,
): Promise<void> {
  const { digest } = layer.descriptor;
  const isThere = () => hasLayer(ctx, layer.diffID) && hasBlob(ctx, digest);
  let worked = false;
  await withClaim(ctx, `claim/${digestHex(digest)}`, isThere, async () => {
    if (isThere()) return;
    worked = true;
    onEvent({ digest, status: "started" });
    if (hasLayer(ctx, layer.diffID)) await importBlob(ctx, staging, layer, sync);
    else await unpack(ctx, staging, layer, sync);
  });
  onEvent({ digest, status: worked ? "done" : "exists" });
}

async function unpack(
  ctx: Context,
  staging: string,
  layer: WantedLayer,
  sync: () => Promise<void>,
): Promise<void> {
  const { descriptor, diffID } = layer;
  const name = `${digestHex(descriptor.digest)}-${digestHex(diffID)}`;
  const blob = path.join(staging, `${name}.blob`);
  const stored = hasBlob(ctx, descriptor.digest) ? openBlob(ctx, descriptor.digest) : undefined;
  try {
    const input = stored === undefined ? await layer.open() : { fd: stored, offset: 0 };
    const copy = stored === undefined ? { copyTo: blob } : {};
    const { directory } = await applyLayer(ctx, staging, name, input, { descriptor, diffID, ...copy });
    await sync();
    if (stored === undefined) commitBlob(ctx, blob, descriptor.digest);
    commitLayer(ctx, directory, digestHex(diffID));
  } finally {
    if (stored !== undefined) fs.closeSync(stored);
  }
}

/** The layer is there, from a blob that packed it differently: this one is kept beside it. */
async function importBlob(
  ctx: Context,
  staging: string,
  layer: WantedLayer,
  sync: () => Promise<void>,
): Promise<void> {
  const { descriptor } = layer;
  const file = path.join(staging, `${digestHex(descriptor.digest)}.blob`);
  const input = await layer.open();
  await copyVerified("fd" in input ? partOf(input, descriptor.size) : input, file, descriptor);
  await sync();
  commitBlob(ctx, file, descriptor.digest);
}

function partOf({ fd, offset = 0 }: { fd: number; offset?: number }, size: number): Readable {
  // The range is inclusive: an empty one can't be said.
  if (size === 0) return fs.createReadStream("/dev/null");
  return fs.createReadStream("", { fd, start: offset, end: offset + size - 1, autoClose: false });
}

async function copyVerified(source: Readable, file: string, { digest, size }: Descriptor): Promise<void> {
  const { pipeline } = process.getBuiltinModule("node:stream/promises");
  const hash = sha256();
  let read = 0;
  const observe = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      read += chunk.length;
      if (read > size) break;
      yield chunk;
    }
  };
  try {
    await pipeline(source, observe, fs.createWriteStream(file, { flags: "wx", mode: 0o600 }));
  } catch (error) {
    throw error instanceof EngineError ? error : writeError(file, error);
  }
  if (read !== size)
    throw new EngineError("size-mismatch", `blob ${digest} has not the announced ${size} bytes`);
  const found = `sha256:${hash.digest("hex")}`;
  if (found !== digest) throw new EngineError("digest-mismatch", `blob ${digest} has digest ${found}`);
}

/** A layer that was not there before, as the manifest of an image describes it. */
export interface NewLayer {
  digest: string;
  size: number;
  diffID: string;
  compression: "none" | "gzip" | "zstd";
}

/** A layer of which nothing is known beforehand: the tar that `import` is given. */
export async function importNewLayer(ctx: Context, staging: string, source: number): Promise<NewLayer> {
  const blob = path.join(staging, "blob");
  const applied = await applyLayer(ctx, staging, "layer", { fd: source }, { copyTo: blob });
  return await keepNewLayer(ctx, staging, blob, applied);
}

/** A layer of what a command of the layer tool packs, compressed by gzip. */
export async function importPackedLayer(ctx: Context, staging: string, pack: string[]): Promise<NewLayer> {
  const blob = path.join(staging, "blob");
  await pipeLayerTool(ctx, pack, ["compress", "--to", blob, "--format", "gzip"]);
  const fd = fs.openSync(blob, "r");
  try {
    return await keepNewLayer(ctx, staging, blob, await applyLayer(ctx, staging, "layer", { fd }, {}));
  } finally {
    fs.closeSync(fd);
  }
}

async function keepNewLayer(
  ctx: Context,
  staging: string,
  blob: string,
  { directory, record, digest, size, compression }: AppliedLayer,
): Promise<NewLayer> {
  await layerSync(ctx, staging)();
  commitBlob(ctx, blob, digest);
  commitLayer(ctx, directory, digestHex(record.diffID));
  return { digest, size, diffID: record.diffID, compression };
}
