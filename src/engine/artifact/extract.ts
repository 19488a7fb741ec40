import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeError } from "../../host/files.ts";
import type { Descriptor } from "../../oci/image.ts";
import { blobPath } from "../../storage/blobs.ts";
import { type BlobChoice, blobFileName, chosenBlobs } from "./blobs.ts";

/** Writes the files of an artifact to a directory, or the only one to a file. */
export function extractArtifact(ctx: Context, name: string, target: string, choice: BlobChoice): void {
  const chosen = chosenBlobs(ctx, name, choice);
  if (fs.statSync(target, { throwIfNoEntry: false })?.isDirectory()) {
    const files = chosen.map((layer) => ({ layer, file: blobFileName(layer, choice.digest !== undefined) }));
    for (const { layer, file } of files) writeFile(ctx, layer, path.join(target, file));
    return;
  }
  const [only] = chosen;
  if (chosen.length > 1) {
    throw new EngineError(
      "several-blobs",
      `the artifact consists of several blobs and the target "${target}" is not a directory and neither digest or title was specified to only copy a single blob`,
    );
  }
  writeFile(ctx, only as Descriptor, target);
}

function writeFile(ctx: Context, { digest }: Descriptor, file: string): void {
  const temporary = path.join(
    path.dirname(file),
    `.${path.basename(file).slice(0, 200)}.${process.pid}.part`,
  );
  try {
    fs.copyFileSync(blobPath(ctx, digest), temporary, fs.constants.COPYFILE_FICLONE);
    fs.chmodSync(temporary, 0o644);
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw writeError(file, error);
  }
}
