import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Readable } from "node:stream";
import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { writeError } from "../host/files.ts";
import { type Feeder, pipeLayerTool, runLayerTool } from "../host/layer-tool.ts";
import { withClaim } from "../host/lock.ts";
import { removeTrees } from "../host/staging.ts";
import { digestHex } from "../oci/digest.ts";
import { sha256 } from "../oci/hash.ts";
import type { Descriptor } from "../oci/image.ts";
import type { Compression } from "../oci/manifest-format.ts";
import { digestOfPart } from "./archive.ts";
import { commitBlob, hasBlob, openBlob } from "./blobs.ts";
import { type AppliedLayer, applyLayer, commitLayer, type FilePart, hasLayer, layerSync } from "./layers.ts";
import { type Download, downloadMark, PartialBlob } from "./partial-blob.ts";

/** A layer to have in the store: unpacked, and its blob as it came. */
export interface WantedLayer {
  descriptor: Descriptor;
  diffID: string;
  /** Where to get the blob when it is missing: a part of an archive that stays open, or a registry. */
  source: FilePart | { download: Download };
}

export type LayerEvent =
  | { digest: string; status: "started" | "done" | "exists" }
  | { digest: string; status: "growing"; received: number; size: number };

/** What all layers of one import have in common. */
interface Import {
  ctx: Context;
  staging: string;
  sync: () => Promise<void>;
  /** Tells the others when one has failed. */
  signal: AbortSignal;
  onEvent: (event: LayerEvent) => void;
}

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
  const failed = new AbortController();
  const work: Import = {
    ctx,
    staging,
    sync: layerSync(ctx, staging),
    signal: failed.signal,
    onEvent,
  };
  if (layers.some(({ source }) => "download" in source))
    fs.writeFileSync(path.join(staging, downloadMark), "");
  // One image may list a layer twice.
  const queue = [...new Map(layers.map((layer) => [layer.descriptor.digest + layer.diffID, layer])).values()];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let layer = queue.shift(); layer && failures.length === 0; layer = queue.shift()) {
      try {
        await importLayer(work, layer);
      } catch (error) {
        failures.push(error);
        failed.abort();
      }
    }
  };
  const { image_parallel_copies } = ctx.config.engine;
  const wanted = image_parallel_copies || Math.min(Math.max(os.availableParallelism(), 3), 6);
  const workers = Math.min(wanted, queue.length);
  await Promise.all(Array.from({ length: workers }, worker));
  if (failures.length > 0) throw failures[0];
}

async function importLayer(work: Import, layer: WantedLayer): Promise<void> {
  const { ctx, onEvent } = work;
  const { digest } = layer.descriptor;
  const isThere = () => hasLayer(ctx, layer.diffID) && hasBlob(ctx, digest);
  let worked = false;
  await withClaim(ctx, `claim/${digestHex(digest)}`, isThere, async () => {
    if (isThere()) return;
    worked = true;
    onEvent({ digest, status: "started" });
    if (hasLayer(ctx, layer.diffID)) await importBlob(work, layer);
    else await unpack(work, layer);
  });
  onEvent({ digest, status: worked ? "done" : "exists" });
}

async function unpack(work: Import, layer: WantedLayer): Promise<void> {
  const { ctx, staging } = work;
  const { descriptor, diffID, source } = layer;
  const name = `${digestHex(descriptor.digest)}-${digestHex(diffID)}`;
  const known = { descriptor, diffID };
  let blob: string | undefined;
  let applied: AppliedLayer;
  if (hasBlob(ctx, descriptor.digest)) {
    const stored = openBlob(ctx, descriptor.digest);
    try {
      applied = await applyLayer(ctx, staging, name, { fd: stored, offset: 0 }, known);
    } finally {
      fs.closeSync(stored);
    }
  } else if ("download" in source) {
    applied = await downloading(work, descriptor, source.download, async (file, feeder) => {
      blob = file;
      await removeTrees(ctx, [path.join(staging, name)]);
      return await applyLayer(ctx, staging, name, { file, feeder }, known);
    });
  } else {
    blob = path.join(staging, `${name}.blob`);
    applied = await applyLayer(ctx, staging, name, source, { ...known, copyTo: blob });
  }
  await work.sync();
  if (blob !== undefined) commitBlob(ctx, blob, descriptor.digest);
  commitLayer(ctx, applied.directory, digestHex(diffID));
}

/** The layer is there, from a blob that packed it differently: this one is kept beside it. */
async function importBlob(work: Import, layer: WantedLayer): Promise<void> {
  const { ctx, staging, sync } = work;
  const { descriptor, source } = layer;
  let blob = path.join(staging, `${digestHex(descriptor.digest)}.blob`);
  if ("download" in source) {
    blob = await downloading(work, descriptor, source.download, async (file, feeder) => {
      await feeder(() => {}, new AbortController().signal);
      verifyFile(file, descriptor);
      return file;
    });
  } else {
    await copyVerified(partOf(source, descriptor.size), blob, descriptor);
  }
  await sync();
  commitBlob(ctx, blob, descriptor.digest);
}

/**
 * Lets `use` have the file of a blob that is being fetched. What doesn't turn out to be the blob is removed; where a
 * part of it was there before (and perhaps a power cut has spoilt it), the whole is fetched once more.
 */
async function downloading<T>(
  { ctx, signal, onEvent }: Import,
  descriptor: Descriptor,
  download: Download,
  use: (file: string, feeder: Feeder) => Promise<T>,
): Promise<T> {
  const { digest, size } = descriptor;
  for (;;) {
    const partial = new PartialBlob(ctx, descriptor);
    const feeder: Feeder = async (notify, gone) => {
      await partial.fill(download, AbortSignal.any([signal, gone]), (received) => {
        notify();
        onEvent({ digest, status: "growing", received, size });
      });
    };
    try {
      return await use(partial.file, feeder);
    } catch (error) {
      if (signal.aborted || error === partial.interruption) partial.keep();
      else {
        partial.remove();
        if (partial.resumed) continue;
      }
      throw error;
    }
  }
}

function verifyFile(file: string, { digest, size }: Descriptor): void {
  const fd = fs.openSync(file, "r");
  try {
    const found = digestOfPart(fd, { offset: 0, size });
    if (found !== digest) throw new EngineError("digest-mismatch", `blob ${digest} has digest ${found}`);
  } finally {
    fs.closeSync(fd);
  }
}

function partOf({ fd, offset = 0 }: FilePart, size: number): Readable {
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
  compression: Compression;
}

/** A layer of which nothing is known beforehand: the tar that `import` is given. */
export async function importNewLayer(ctx: Context, staging: string, source: number): Promise<NewLayer> {
  const blob = path.join(staging, "blob");
  const applied = await applyLayer(ctx, staging, "layer", { fd: source }, { copyTo: blob });
  const { compression } = applied;
  if (compression !== "xz" && compression !== "bzip2") {
    return await keepNewLayer(ctx, staging, blob, { ...applied, compression });
  }
  // Images have no name for it.
  const plain = path.join(staging, "plain");
  const [packed, unpacked] = [fs.openSync(blob, "r"), fs.openSync(plain, "wx", 0o600)];
  try {
    await runLayerTool(ctx, ["decompress"], { stdin: packed, stdout: unpacked });
  } finally {
    fs.closeSync(packed);
    fs.closeSync(unpacked);
  }
  const { diffID: digest, diffSize: size } = applied.record;
  return await keepNewLayer(ctx, staging, plain, { ...applied, digest, size, compression: "none" });
}

/** A layer of what a command of the layer tool packs, compressed by gzip. */
export async function importPackedLayer(ctx: Context, staging: string, pack: string[]): Promise<NewLayer> {
  const blob = path.join(staging, "blob");
  await pipeLayerTool(ctx, pack, ["compress", "--to", blob, "--format", "gzip"]);
  const fd = fs.openSync(blob, "r");
  try {
    const applied = await applyLayer(ctx, staging, "layer", { fd }, {});
    return await keepNewLayer(ctx, staging, blob, { ...applied, compression: "gzip" });
  } finally {
    fs.closeSync(fd);
  }
}

async function keepNewLayer(
  ctx: Context,
  staging: string,
  blob: string,
  { directory, record, digest, size, compression }: AppliedLayer & { compression: Compression },
): Promise<NewLayer> {
  await layerSync(ctx, staging)();
  commitBlob(ctx, blob, digest);
  commitLayer(ctx, directory, digestHex(record.diffID));
  return { digest, size, diffID: record.diffID, compression };
}
