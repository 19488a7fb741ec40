import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { type Descriptor, mediaTypes, type Platform } from "../../oci/image.ts";
import { maxConfigSize, parseImageConfig, parseManifest } from "../../oci/image-manifest.ts";
import { chooseManifest, platformOf } from "../../oci/image-platform.ts";
import {
  changeInstance,
  type InstanceChange,
  type ListInstance,
  putInstance,
} from "../../oci/manifest-list.ts";
import { type FullReference, formatReference, parseReference, repositoryName } from "../../oci/reference.ts";
import { parseTransport } from "../../oci/transport.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { readBlob } from "../../storage/blobs.ts";
import type { StoredImage } from "../../storage/image-types.ts";
import { findImage, getImage } from "../../storage/images.ts";
import { changeInstances, findList, getList } from "../../storage/manifest-lists.ts";
import { candidates } from "../registry/name.ts";
import type { RegistryAccess } from "../registry/options.ts";
import { fromSources } from "../registry/sources.ts";

export interface AddOptions extends RegistryAccess {
  /** All images of what is a list itself; else the one for the platform of `change`, or this machine. */
  all?: boolean;
  change?: InstanceChange;
}

/** Adds an image of the store or of a registry to a list; returns the list's id. What is added stays where it is. */
export async function addToList(
  ctx: Context,
  listName: string,
  image: string,
  options: AddOptions,
): Promise<string> {
  const list = getList(ctx, listName);
  const found = await findInstances(ctx, image, options);
  const { change = {} } = options;
  const added = found.map((instance) => ({
    ...instance,
    descriptor: changeInstance(instance.descriptor, change),
  }));
  await changeInstances(ctx, list.id, (instances) => added.reduce(putInstance, [...instances]));
  return list.id;
}

/** A name is looked for in the store, and then in its registry. */
async function findInstances(ctx: Context, text: string, options: AddOptions): Promise<ListInstance[]> {
  const transport = parseTransport(text);
  if (transport.kind === "containers-storage") return storedInstances(ctx, transport.reference, options);
  if (transport.kind !== "docker") {
    throw new EngineError(
      "not-supported",
      `adding an image of ${transport.kind}: to a list is not supported yet`,
      {
        hint: "pull it first, and add it by its name",
      },
    );
  }
  const explicit = text.startsWith("docker://");
  if (!explicit && (findList(ctx, text) || findImage(ctx, text))) return storedInstances(ctx, text, options);
  return await remoteInstances(ctx, transport.reference, options);
}

function storedInstances(ctx: Context, name: string, { all = false }: AddOptions): ListInstance[] {
  const list = all ? findList(ctx, name) : undefined;
  if (list) return [...list.instances];
  return [{ descriptor: describeStored(ctx, getImage(ctx, name)), source: null }];
}

function describeStored(ctx: Context, { manifest, manifestDigest, config }: StoredImage): Descriptor {
  return {
    mediaType: manifest.mediaType ?? mediaTypes.ociManifest,
    digest: manifestDigest,
    size: readBlob(ctx, manifestDigest).length,
    platform: platformIn(config),
  };
}

function platformIn({ architecture, os, variant }: Platform): Platform {
  return { architecture, os, ...(variant ? { variant } : {}) };
}

async function remoteInstances(ctx: Context, text: string, options: AddOptions): Promise<ListInstance[]> {
  const { references } = await candidates(parseReference(text), text);
  const failures: unknown[] = [];
  for (const reference of references) {
    try {
      return await fromSources(ctx, reference, options, (client, source) =>
        readInstances(client, source, reference, options),
      );
    } catch (error) {
      const prefix = `setting up to read manifest and configuration from "docker://${formatReference(reference)}": `;
      failures.push(rephrase(error, { prefix, exitCode: 125 }));
    }
  }
  throw failures[0];
}

async function readInstances(
  client: RegistryClient,
  where: FullReference,
  reference: FullReference,
  { all = false, change = {} }: AddOptions,
): Promise<ListInstance[]> {
  const what = formatReference(reference);
  const source = repositoryName(reference);
  const first = await client.manifest(where.digest ?? (where.tag as string));
  const parsed = parseManifest(first.bytes, what, first.mediaType);
  if (parsed.kind === "index") {
    const here = platformOf(process.arch);
    const wanted = {
      os: change.os ?? here.os,
      architecture: change.architecture ?? here.architecture,
      ...(change.variant === undefined ? {} : { variant: change.variant }),
    };
    const chosen = all ? parsed.index.manifests : [chooseManifest(parsed.index, wanted, what)];
    return chosen.map((descriptor) => ({ descriptor, source }));
  }
  const { config, mediaType = first.mediaType ?? mediaTypes.ociManifest } = parsed.manifest;
  const isImage = config.mediaType === mediaTypes.ociConfig || config.mediaType === mediaTypes.dockerConfig;
  const descriptor = { mediaType, digest: first.digest, size: first.bytes.length };
  if (!isImage) return [{ descriptor: { ...descriptor, artifactType: config.mediaType }, source }];
  const platform = platformIn(parseImageConfig(await client.smallBlob(config, maxConfigSize), what));
  return [{ descriptor: { ...descriptor, platform }, source }];
}
