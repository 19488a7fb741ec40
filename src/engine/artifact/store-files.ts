import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeError } from "../../host/files.ts";
import type { Descriptor } from "../../oci/image.ts";
import { digestOfPart } from "../../storage/archive.ts";
import { commitBlob, hasBlob } from "../../storage/blobs.ts";
import { layerSync } from "../../storage/layers.ts";

/** What a file is to be said to be, by its name and first 512 bytes. */
export type DescribeFile = (name: string, start: Uint8Array) => Omit<Descriptor, "digest" | "size">;

/** Puts copies of files among the blobs; returns how they are described. `staging` is a directory of the caller's. */
export async function storeFiles(
  ctx: Context,
  staging: string,
  files: readonly string[],
  describe: DescribeFile,
): Promise<Descriptor[]> {
  const copies = new Map<string, string>();
  const layers = files.map((file, i) => {
    const copy = path.join(staging, `file-${i}`);
    const layer = copyFile(file, copy, describe);
    if (!hasBlob(ctx, layer.digest)) copies.set(layer.digest, copy);
    return layer;
  });
  if (copies.size > 0) await layerSync(ctx, staging)();
  for (const [digest, copy] of copies) commitBlob(ctx, copy, digest);
  return layers;
}

function copyFile(file: string, copy: string, describe: DescribeFile): Descriptor {
  try {
    if (!fs.statSync(file).isFile()) throw new Error("not a regular file");
    fs.copyFileSync(file, copy, fs.constants.COPYFILE_FICLONE);
    fs.chmodSync(copy, 0o600);
  } catch (error) {
    if (isErrno(error, "ENOSPC", "EDQUOT")) throw writeError(copy, error);
    throw new EngineError("no-such-file", `reading ${file}: ${reasonOf(error)}`, { cause: error });
  }
  const fd = fs.openSync(copy, "r");
  try {
    const { size } = fs.fstatSync(fd);
    const start = Buffer.alloc(Math.min(size, 512));
    fs.readSync(fd, start, 0, start.length, 0);
    const { mediaType, ...more } = describe(path.basename(file), start);
    return { mediaType, digest: digestOfPart(fd, { offset: 0, size }), size, ...more };
  } finally {
    fs.closeSync(fd);
  }
}
