import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { emptyConfig, fileType, newListArtifact, titleAnnotation } from "../../oci/artifact.ts";
import { changeInstance, type InstanceChange, putInstance } from "../../oci/manifest-list.ts";
import { hasBlob, writeBlob } from "../../storage/blobs.ts";
import { changeInstances, getList } from "../../storage/manifest-lists.ts";
import { storeFiles } from "../artifact/store-files.ts";
import { reapImageLeftovers } from "../image/reap.ts";
import type { RegistryAccess } from "../registry/options.ts";
import { describeSubject } from "./subject.ts";

export interface AddListArtifactOptions extends RegistryAccess {
  /** What the artifact is, "" for nothing said, and what its files are; these are looked at where it isn't said. */
  type?: string | undefined;
  layerType?: string | undefined;
  configType?: string | undefined;
  config?: Buffer | undefined;
  /** The image that it is about. */
  subject?: string | undefined;
  annotations: Record<string, string>;
  excludeTitles: boolean;
  /** What the list says of it. */
  change: InstanceChange;
}

/** Makes an artifact of files and adds it to a list; returns the list's id. */
export async function addArtifactToList(
  ctx: Context,
  listName: string,
  files: readonly string[],
  options: AddListArtifactOptions,
): Promise<string> {
  const { id } = getList(ctx, listName);
  const { type, layerType, configType, config, annotations, excludeTitles, change } = options;
  const subject = options.subject ? await describeSubject(ctx, options.subject, options) : undefined;
  await reapImageLeftovers(ctx);
  const staging = createStaging(ctx, "image");
  try {
    const layers = await storeFiles(ctx, staging.path, files, (title, start) => ({
      mediaType: layerType || fileType(title, start),
      ...(excludeTitles ? {} : { annotations: { [titleAnnotation]: title } }),
    }));
    const artifact = newListArtifact({
      layers,
      type,
      config: { type: configType, data: config },
      subject,
      annotations,
    });
    writeBlob(ctx, Buffer.from(artifact.config.data ?? (emptyConfig.data as string), "base64"));
    const bytes = Buffer.from(JSON.stringify(artifact));
    const { artifactType, mediaType } = artifact;
    const descriptor = changeInstance(
      {
        mediaType: mediaType as string,
        digest: writeBlob(ctx, bytes),
        size: bytes.length,
        ...(artifactType === undefined ? {} : { artifactType }),
      },
      change,
    );
    const instance = { descriptor, source: null, files: files.map((file) => path.resolve(file)) };
    await changeInstances(ctx, id, (instances) => {
      if (![descriptor, artifact.config, ...layers].every(({ digest }) => hasBlob(ctx, digest))) {
        throw new EngineError("image-vanished", "files were removed while the artifact was stored", {
          hint: "another command removes images; try again",
        });
      }
      return putInstance(instances, instance);
    });
    return id;
  } finally {
    await staging.remove();
  }
}
