import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeError } from "../../host/files.ts";
import { titleAnnotation } from "../../oci/artifact.ts";
import type { Descriptor } from "../../oci/image.ts";
import { artifactManifest, getArtifact } from "../../storage/artifacts.ts";
import { blobPath } from "../../storage/blobs.ts";

export interface ExtractOptions {
  /** Only the file with that digest, or that title. */
  digest?: string | undefined;
  title?: string | undefined;
}

/** Writes the files of an artifact to a directory, or the only one to a file. */
export function extractArtifact(ctx: Context, name: string, target: string, options: ExtractOptions): void {
  const { digest, title } = options;
  if (digest !== undefined && title !== undefined)
    throw new EngineError("usage", "cannot specify both digest and title");
  const { layers } = artifactManifest(ctx, getArtifact(ctx, name));
  const chosen = layers.filter(
    (layer) =>
      (digest === undefined || layer.digest === digest) && (title === undefined || titleOf(layer) === title),
  );
  if (chosen.length === 0) {
    const wanted =
      digest !== undefined
        ? ` with the digest "${digest}"`
        : title !== undefined
          ? ` with the title "${title}"`
          : "";
    throw new EngineError("no-such-blob", `no blob${wanted} in artifact ${name}`, {
      hint: `\`coracle artifact inspect ${name}\` shows what is in it`,
    });
  }
  if (fs.statSync(target, { throwIfNoEntry: false })?.isDirectory()) {
    const files = chosen.map((layer) => ({ layer, file: fileName(layer, digest !== undefined) }));
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

function titleOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[titleAnnotation] || undefined;
}

/** Titles come from whoever made the artifact: they may not lead out of the directory. */
function fileName(layer: Descriptor, byDigest: boolean): string {
  const title = byDigest ? undefined : titleOf(layer);
  if (title === undefined) return layer.digest.replace(":", "-");
  if (!/[/\0]/.test(title) && title !== "." && title !== "..") return title;
  throw new EngineError("bad-title", `invalid name: ${JSON.stringify(title)} cannot be the name of a file`, {
    hint: "choose it with --title or --digest, and extract it to a file",
  });
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
