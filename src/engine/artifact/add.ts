import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import {
  checkTitles,
  createdAnnotation,
  detectContentType,
  emptyConfig,
  newArtifact,
  titleAnnotation,
} from "../../oci/artifact.ts";
import { newLocalName } from "../../oci/reference.ts";
import { artifactManifest, commitArtifact, findArtifact, getArtifact } from "../../storage/artifacts.ts";
import { writeBlob } from "../../storage/blobs.ts";
import { reapImageLeftovers } from "../image/reap.ts";
import { storeFiles } from "./store-files.ts";

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
    const { annotations, fileType } = options;
    const names = files.map((file) => path.basename(file));
    checkTitles(layers, names, annotations[titleAnnotation]);
    const added = await storeFiles(ctx, staging.path, files, (title, start) => ({
      mediaType: fileType ?? detectContentType(start),
      annotations: { [titleAnnotation]: title, ...annotations },
    }));
    layers.push(...added);
    writeBlob(ctx, Buffer.from(emptyConfig.data as string, "base64"));
    const own = { ...annotations, [createdAnnotation]: new Date().toISOString() };
    const manifest = old ? { ...old, layers } : newArtifact(layers, own, type);
    return await commitArtifact(ctx, full, Buffer.from(JSON.stringify(manifest)));
  } finally {
    await staging.remove();
  }
}
