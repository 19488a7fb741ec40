import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../errors.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { listDirectory, writeError } from "../host/files.ts";
import { digestHex } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image.ts";

/*
 * `blobs/partial/<hex>`: blobs on their way from a registry, as far as they have come. Only who holds the claim on a blob
 * touches it; whoever is next goes on where a killed one ended. What it holds counts for nothing before it is verified.
 */

/** The bytes of a blob from an offset on. */
export type Download = (offset: number, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;

/** What nobody came back for goes after a day. */
const keptFor = 24 * 3600 * 1000;

function partialDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "blobs", "partial");
}

export function reapPartialBlobs(ctx: Context, now = Date.now()): void {
  for (const name of listDirectory(partialDirectory(ctx))) {
    const file = path.join(partialDirectory(ctx), name);
    const modified = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - modified > keptFor) fs.rmSync(file, { force: true });
  }
}

/** Stands in the staging of a pull that downloads. */
export const downloadMark = "download";

/** Smaller ones are fetched again as fast as they are found. */
const worthKeeping = 64 * 1024;

/** A layer blob of a pull that was killed before it had its image: the next pull begins with all of it. */
export function keepForNextPull(ctx: Context, blob: string): boolean {
  const name = path.basename(blob);
  const size = fs.statSync(blob, { throwIfNoEntry: false })?.size ?? 0;
  if (name.startsWith(".") || size < worthKeeping) return false;
  ensureDirectory(partialDirectory(ctx));
  fs.renameSync(blob, path.join(partialDirectory(ctx), name));
  return true;
}

export class PartialBlob {
  readonly file: string;
  readonly #descriptor: Descriptor;
  /** Whether the last `fill` found something of it. */
  resumed = false;
  /** Why the source gave no more, where it failed. */
  interruption: unknown;

  constructor(ctx: Context, descriptor: Descriptor) {
    ensureDirectory(partialDirectory(ctx));
    this.file = path.join(partialDirectory(ctx), digestHex(descriptor.digest));
    this.#descriptor = descriptor;
    fs.closeSync(fs.openSync(this.file, "a", 0o600));
  }

  /** Fetches what is missing; `onGrowth` is told how many bytes there are. */
  async fill(download: Download, signal: AbortSignal, onGrowth: (size: number) => void): Promise<void> {
    const { digest, size } = this.#descriptor;
    const wrongSize = () =>
      new EngineError("size-mismatch", `blob ${digest} has not the announced ${size} bytes`);
    const fd = fs.openSync(this.file, "r+");
    try {
      let received = fs.fstatSync(fd).size;
      if (received > size) {
        fs.ftruncateSync(fd);
        received = 0;
      }
      this.resumed = received > 0;
      onGrowth(received);
      if (received === size) return;
      for await (const chunk of this.#read(download, received, signal)) {
        if (received + chunk.length > size) throw wrongSize();
        this.#write(fd, chunk, received);
        received += chunk.length;
        onGrowth(received);
      }
      if (received !== size) throw wrongSize();
    } finally {
      fs.closeSync(fd);
    }
  }

  async *#read(download: Download, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* await download(offset, signal);
    } catch (error) {
      this.interruption = error;
      throw error;
    }
  }

  #write(fd: number, chunk: Uint8Array, position: number): void {
    try {
      for (let done = 0; done < chunk.length; )
        done += fs.writeSync(fd, chunk, done, chunk.length - done, position + done);
    } catch (error) {
      throw writeError(this.file, error);
    }
  }

  /** Leaves to the next what there is. */
  keep(): void {
    if (fs.statSync(this.file, { throwIfNoEntry: false })?.size === 0) this.remove();
  }

  remove(): void {
    fs.rmSync(this.file, { force: true });
  }
}
