import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { digestOf } from "../../oci/digest.ts";
import { type ImageConfig, type Manifest, mediaTypes } from "../../oci/image.ts";
import { applyChange } from "../../oci/image-change.ts";
import { platformOf } from "../../oci/image-platform.ts";
import { newLocalName } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { openInput } from "../../storage/archive.ts";
import { layerTypes } from "../../storage/image-archive.ts";
import { commitImage } from "../../storage/image-store.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { importNewLayer } from "../../storage/layer-import.ts";
import { fetched } from "./load.ts";
import { checkPolicy } from "./policy.ts";
import type { OnProgress } from "./progress.ts";
import { reapImageLeftovers } from "./reap.ts";

export { isUrl } from "../../registry/download.ts";

export interface ImportOptions {
  /** Tar of a root filesystem (plain or compressed) or its URL, "-" for stdin. */
  source: string;
  reference?: string | undefined;
  message?: string | undefined;
  changes?: readonly string[];
  os?: string | undefined;
  arch?: string | undefined;
  variant?: string | undefined;
  /** A file instead of the policy that there is. */
  signaturePolicy?: string | undefined;
  onProgress?: OnProgress | undefined;
}

/** Makes an image of one layer from the tar of a root filesystem. */
export async function importImage(ctx: Context, options: ImportOptions): Promise<StoredImage> {
  const config = newConfig(options);
  const name = options.reference === undefined ? undefined : newLocalName(options.reference);
  const { source: from, signaturePolicy, onProgress = () => {} } = options;
  await checkPolicy({ transport: "tarball", scopes: [], name: `tarball:${from}` }, signaturePolicy);
  await reapImageLeftovers(ctx);
  const staging = createStaging(ctx, "image");
  let source = 0;
  try {
    source = openInput(
      await fetched(options.source, staging.path),
      (reason) => `error opening "${options.source}": open ${options.source}: ${reason}`,
    );
    config.created = creation(options.source, source).toISOString();
    onProgress({ type: "sources" });
    const layer = await importNewLayer(ctx, staging.path, source);
    onProgress({ type: "layer", digest: layer.digest, status: "started" });
    const image = describe(config, layer, options.message);
    const committed = await commitImage(ctx, staging.path, {
      ...image,
      names: name === undefined ? [] : [name],
      digests: [],
    });
    if (committed) {
      const { id } = committed;
      onProgress({ type: "config", digest: `sha256:${id}` });
      onProgress({ type: "manifest" });
      recordEvent(ctx, { Type: "image", Status: "import", ID: id, Name: name ?? id });
      return committed;
    }
  } finally {
    if (source !== 0) fs.closeSync(source);
    await staging.remove();
  }
  throw new EngineError("image-vanished", "the new layer was removed by another command", {
    hint: "import again",
  });
}

/** A file's own time, so that the same file makes the same image. */
function creation(source: string, fd: number): Date {
  return source === "-" ? new Date() : fs.fstatSync(fd).mtime;
}

function newConfig({ os, arch, variant, changes = [] }: ImportOptions): ImageConfig {
  const here = platformOf(process.arch);
  const config: ImageConfig = {
    architecture: arch ?? here.architecture,
    ...(variant === undefined ? {} : { variant }),
    os: os ?? here.os,
    config: {},
    rootfs: { type: "layers", diff_ids: [] },
  };
  for (const change of changes) applyChange(config.config ?? {}, change);
  return config;
}

function describe(
  base: ImageConfig,
  layer: Awaited<ReturnType<typeof importNewLayer>>,
  message: string | undefined,
): { config: Uint8Array; manifest: Uint8Array } {
  const config = Buffer.from(
    JSON.stringify({
      ...base,
      rootfs: { type: "layers", diff_ids: [layer.diffID] },
      history: [
        {
          created: base.created,
          created_by: `/bin/sh -c #(nop) ADD file:${layer.diffID.slice("sha256:".length)} in /`,
          comment: message ?? "imported from tarball",
        },
      ],
    }),
  );
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: layerTypes[layer.compression], digest: layer.digest, size: layer.size }],
  };
  return { config, manifest: Buffer.from(JSON.stringify(manifest)) };
}
