import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import {
  type CommitOptions,
  type CommittedLayer,
  committedLayers,
  describeCommit,
  layerNotInFormat,
} from "../../oci/committed-image.ts";
import { digestOf } from "../../oci/digest.ts";
import { type ImageConfig, mediaTypes } from "../../oci/image.ts";
import { platformOf } from "../../oci/image-platform.ts";
import { localName } from "../../oci/reference.ts";
import { recordContainerEvent } from "../../runtime/event-log.ts";
import { type ContainerRecord, containerDirectory, findRecord, readRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { resolveEntry } from "../../storage/image-lookup.ts";
import { commitImage } from "../../storage/image-store.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { getImage } from "../../storage/images.ts";
import { importPackedLayer, type NewLayer } from "../../storage/layer-import.ts";
import { diffDirectory } from "../../storage/layers.ts";
import type { OnProgress } from "../image/progress.ts";
import { reapImageLeftovers } from "../image/reap.ts";
import { anonymousVolumes } from "../volume/orphans.ts";
import { whilePaused } from "./pause.ts";
import { withBareRootfs } from "./rootfs.ts";

export interface CommitRequest extends Omit<CommitOptions, "anonymousVolumes"> {
  reference?: string | undefined;
  pause: boolean;
  /** One layer with everything, instead of one more. */
  squash: boolean;
  /** File to write the id to. */
  iidFile?: string | undefined;
  onProgress: OnProgress;
}

function writeId(file: string, id: string): void {
  try {
    fs.writeFileSync(file, id);
  } catch (cause) {
    const message = `failed to write image ID: open ${file}: ${reasonOf(cause)}`;
    throw new EngineError("write-failed", message, { cause });
  }
}

/** Makes an image of what a container is now. Returns its id. */
export async function commitContainer(
  ctx: Context,
  nameOrId: string,
  request: CommitRequest,
): Promise<string> {
  const record = findRecord(ctx, nameOrId);
  if (request.format === "oci" && request.message) {
    throw new EngineError("usage", "messages are only compatible with the docker image format (-f docker)");
  }
  const base = baseImage(ctx, record);
  const name = request.reference === undefined ? undefined : imageName(ctx, request.reference);
  await reapImageLeftovers(ctx);
  const staging = createStaging(ctx, "image");
  try {
    const pack = () => packLayer(ctx, record, staging.path, request.squash);
    const pauses = request.pause && readStatus(ctx, record.id).state === "running";
    const layer = await (pauses ? whilePaused(ctx, record, pack) : pack());
    const anonymous = anonymousVolumes(ctx, record).map(({ destination }) => destination);
    const image = describe(base, record, layer, { ...request, anonymousVolumes: anonymous });
    tellProgress(request.onProgress, image);
    const committed = await commitImage(ctx, staging.path, {
      config: image.config,
      manifest: image.manifest,
      names: name === undefined ? [] : [name],
      digests: [],
    });
    if (committed) {
      recordContainerEvent(ctx, record, "commit");
      if (request.iidFile !== undefined) writeId(request.iidFile, committed.id);
      return committed.id;
    }
  } finally {
    await staging.remove();
  }
  throw new EngineError("image-vanished", "a layer of the new image was removed by another command", {
    hint: "commit again",
  });
}

function baseImage(ctx: Context, { config }: ContainerRecord): StoredImage {
  if (config.image === null) {
    throw new EngineError("no-image", "cannot commit a container that uses an exploded rootfs", {
      hint: "`coracle import` makes an image of a tar of that directory",
    });
  }
  return getImage(ctx, config.image.id);
}

/** As everywhere, a short name is that of an image which has it; only where there is none, one of ours. */
function imageName(ctx: Context, reference: string): string {
  const wanted = localName(reference);
  const found = resolveEntry(visibleImages(ctx), reference)?.name;
  return found === undefined || found.includes("@") ? wanted : found;
}

async function packLayer(
  ctx: Context,
  record: ContainerRecord,
  staging: string,
  squash: boolean,
): Promise<NewLayer> {
  const layer = await (squash ? packAll(ctx, record, staging) : packChanges(ctx, record, staging));
  // It is renamed away before anything is removed from it.
  if (!readRecord(ctx, record.id)) {
    throw new EngineError("no-such-container", `container ${record.id} was removed while it was committed`);
  }
  return layer;
}

function packAll(ctx: Context, record: ContainerRecord, staging: string): Promise<NewLayer> {
  return withBareRootfs(ctx, record, (root) => importPackedLayer(ctx, staging, ["diff", "--upper", root]));
}

function packChanges(ctx: Context, record: ContainerRecord, staging: string): Promise<NewLayer> {
  if (record.driver === "vfs") {
    throw new EngineError(
      "not-supported",
      "committing a single layer is not supported with the storage driver vfs",
      {
        hint: "commit with --squash",
      },
    );
  }
  return importPackedLayer(ctx, staging, [
    ...["diff", "--upper", path.join(containerDirectory(ctx, record.id), "upper")],
    ...record.layers.flatMap((key) => ["--lower", diffDirectory(ctx, key)]),
  ]);
}

function describe(
  base: StoredImage,
  record: ContainerRecord,
  layer: NewLayer,
  request: CommitRequest & Pick<CommitOptions, "anonymousVolumes">,
) {
  const { squash, format } = request;
  const { digest, size, diffID, compression } = layer;
  const added: CommittedLayer = {
    descriptor: { mediaType: mediaTypes.ociLayerGzip, digest, size },
    diffID,
    compression,
  };
  const layers = committedLayers(squash ? undefined : base, added);
  const unfit = layerNotInFormat(layers, format);
  if (unfit) {
    const text = `layer ${unfit.descriptor.digest} is compressed by ${unfit.compression}, which Docker's format doesn't know`;
    throw new EngineError("bad-argument", text, { hint: "commit with --format oci, or with --squash" });
  }
  const created = new Date().toISOString();
  const options = { ...request, created, squashed: squash };
  return { ...describeCommit(platform(base.config), record.config, layers, options), layers };
}

/** Old images may say nothing of what they run on. */
function platform(config: ImageConfig): ImageConfig {
  const here = platformOf(process.arch);
  return { ...config, architecture: config.architecture || here.architecture, os: config.os || here.os };
}

function tellProgress(
  onProgress: OnProgress,
  { layers, config }: { layers: readonly CommittedLayer[]; config: Buffer },
): void {
  onProgress({ type: "sources" });
  for (const { diffID } of layers.slice(0, -1))
    onProgress({ type: "layer", digest: diffID, status: "exists" });
  for (const { diffID } of layers.slice(-1)) onProgress({ type: "layer", digest: diffID, status: "started" });
  onProgress({ type: "config", digest: digestOf(config) });
  onProgress({ type: "manifest" });
}
