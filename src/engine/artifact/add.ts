import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import {
  createdAnnotation,
  detectContentType,
  emptyConfig,
  newArtifact,
  titleAnnotation,
} from "../../oci/artifact.ts";
import type { Descriptor } from "../../oci/image.ts";
import { newLocalName } from "../../oci/reference.ts";
import { digestOfPart } from "../../storage/archive.ts";
import { artifactManifest, commitArtifact, findArtifact, getArtifact } from "../../storage/artifacts.ts";
import { commitBlob, hasBlob, writeBlob } from "../../storage/blobs.ts";
import { layerSync } from "../../storage/layers.ts";
import { reapImageLeftovers } from "../image/reap.ts";

export interface AddArtifactOptions {
  /** To the files of an artifact that is there. */
  append: boolean;
  /** In the place of one that is there. */
  replace: boolean;
  annotations: Record<string, string>;
  /** What the artifact is, and what its files are; these are looked at where it isn't said. */
  type?: string | undefined;
  fileType?: string | undefined;
}

/** Makes an artifact of files; returns its digest. */
export async function addArtifact(
  ctx: Context,
  name: string,
  files: readonly string[],
  options: AddArtifactOptions,
): Promise<string> {
  const full = newLocalName(name);
  const { append, replace, type } = options;
  if (append && type !== undefined)
    throw new EngineError("usage", "append option is not compatible with type option");
  if (append && replace)
    throw new EngineError("usage", "--append and --replace options cannot be used together");
  if (titleAnnotation in options.annotations)
    throw new EngineError("usage", `cannot override filename with ${titleAnnotation} annotation`);
  const present = append ? getArtifact(ctx, full) : findArtifact(ctx, full);
  if (present && !append && !replace) {
    throw new EngineError("name-in-use", `${name}: artifact already exists`, {
      hint: "--append adds files to it, --replace makes it anew",
    });
  }
  const old = present && append ? artifactManifest(ctx, present) : undefined;
  await reapImageLeftovers(ctx);
  const staging = createStaging(ctx, "image");
  try {
    const layers = [...(old?.layers ?? [])];
    const copies = new Map<string, string>();
    for (const [i, file] of files.entries()) {
      const copy = path.join(staging.path, `file-${i}`);
      const layer = describeFile(file, copy, options);
      if (!hasBlob(ctx, layer.digest)) copies.set(layer.digest, copy);
      const title = layer.annotations?.[titleAnnotation];
      if (layers.some(({ annotations }) => annotations?.[titleAnnotation] === title)) {
        throw new EngineError("name-in-use", `${title}: file already exists in artifact`);
      }
      layers.push(layer);
    }
    if (copies.size > 0) await layerSync(ctx, staging.path)();
    for (const [digest, copy] of copies) commitBlob(ctx, copy, digest);
    writeBlob(ctx, Buffer.from(emptyConfig.data as string, "base64"));
    const created = old?.annotations?.[createdAnnotation] ?? new Date().toISOString();
    const manifest = old ? { ...old, layers } : newArtifact(layers, created, type);
    return await commitArtifact(ctx, full, Buffer.from(JSON.stringify(manifest)));
  } finally {
    await staging.remove();
  }
}

/** Copies it, and says what it is. */
function describeFile(file: string, copy: string, { annotations, fileType }: AddArtifactOptions): Descriptor {
  try {
    if (!fs.statSync(file).isFile()) throw new Error("not a regular file");
    fs.copyFileSync(file, copy, fs.constants.COPYFILE_FICLONE);
    fs.chmodSync(copy, 0o600);
  } catch (error) {
    throw new EngineError("no-such-file", `reading ${file}: ${reasonOf(error)}`, { cause: error });
  }
  const fd = fs.openSync(copy, "r");
  try {
    const { size } = fs.fstatSync(fd);
    const start = Buffer.alloc(Math.min(size, 512));
    fs.readSync(fd, start, 0, start.length, 0);
    return {
      mediaType: fileType ?? detectContentType(start),
      digest: digestOfPart(fd, { offset: 0, size }),
      size,
      annotations: { [titleAnnotation]: path.basename(file), ...annotations },
    };
  } finally {
    fs.closeSync(fd);
  }
}
