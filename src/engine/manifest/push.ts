import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeUserFile } from "../../host/files.ts";
import { createCopyStaging } from "../../host/staging.ts";
import { digestOf } from "../../oci/digest.ts";
import { type ListInstance, listDocument, listFormat } from "../../oci/manifest-list.ts";
import type { FullReference } from "../../oci/reference.ts";
import { repositoryName } from "../../oci/reference.ts";
import { parseTransport } from "../../oci/transport.ts";
import { getList, removeList, type StoredList } from "../../storage/manifest-lists.ts";
import { uploadArtifact } from "../artifact/push.ts";
import { type PushOptions, pushReference, pushStored } from "../image/push.ts";
import { writeFiles } from "../image/save.ts";
import { registryOptions } from "../registry/options.ts";
import { type CopyListOptions, copyInstances } from "./copies.ts";
import { copyInstance } from "./copy.ts";
import { locateInstance } from "./instance.ts";
import { prepareList } from "./outgoing.ts";

export interface PushListOptions extends CopyListOptions {
  /** Remove the list afterwards. */
  rm?: boolean;
  /** Gets the digest of the list at the destination. */
  digestFile?: string | undefined;
}

/** Writes a list with its images to a registry, an archive or a directory, whether they are in the store or in a registry; returns its digest there. */
export async function pushList(
  ctx: Context,
  nameOrId: string,
  destination: string | undefined,
  options: PushListOptions,
): Promise<string> {
  const list = localList(ctx, nameOrId);
  const digest = await writeList(ctx, list, nameOrId, destination, options);
  if (options.digestFile !== undefined) writeUserFile(options.digestFile, digest);
  if (options.rm) await removeList(ctx, list.id);
  return digest;
}

function localList(ctx: Context, nameOrId: string): StoredList {
  try {
    return getList(ctx, nameOrId);
  } catch (error) {
    throw rephrase(error, { prefix: `retrieving local image from image name ${nameOrId}: ` });
  }
}

async function writeList(
  ctx: Context,
  list: StoredList,
  nameOrId: string,
  destination: string | undefined,
  options: PushListOptions,
): Promise<string> {
  const target = destination === undefined ? undefined : parseTransport(destination);
  if (target === undefined || target.kind === "docker")
    return await uploadList(ctx, list, pushReference(ctx, nameOrId, target?.reference), options);
  if (target.kind === "docker-archive" || target.kind === "containers-storage")
    throw new EngineError("bad-argument", `${target.kind}: can't hold a list of images`, {
      hint: "push it to a registry, or to oci:, oci-archive: or dir:",
    });
  options.onProgress?.({ type: "list", text: "Getting image list signatures" });
  const staging = createCopyStaging(ctx);
  try {
    const outgoing = await prepareList(ctx, staging.path, list, { plain: true, ...options });
    const name = target.kind === "dir" ? undefined : target.reference;
    if (name !== undefined) outgoing.names = [name];
    const kinds = { oci: "oci-dir", "oci-archive": "oci-archive", dir: "docker-dir" } as const;
    await writeFiles(kinds[target.kind], target.path, outgoing);
    options.onProgress?.({ type: "list", text: "Storing list signatures" });
    return digestOf(outgoing.manifest.bytes);
  } finally {
    await staging.remove();
  }
}

async function uploadList(
  ctx: Context,
  list: StoredList,
  reference: FullReference,
  options: PushListOptions,
): Promise<string> {
  const { onProgress } = options;
  onProgress?.({ type: "list", text: "Getting image list signatures" });
  const instances = await copyInstances(list, options, (instance, conversion) =>
    pushInstance(ctx, instance, reference, conversion),
  );
  const format = options.format ?? listFormat({ ...list, instances });
  const document = listDocument({ ...list, instances }, format);
  const bytes = Buffer.from(JSON.stringify(document));
  const { RegistryUpload } = await import("../../registry/upload.ts");
  const upload = new RegistryUpload(
    reference,
    await registryOptions(ctx, repositoryName(reference), options),
  );
  const digest = digestOf(bytes);
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw new EngineError(
      "digest-mismatch",
      `the list would have digest ${digest}, not ${reference.digest}`,
      {
        hint: "push to a tag",
      },
    );
  }
  await upload.putManifest(
    reference.digest ?? (reference.tag as string),
    bytes,
    document.mediaType as string,
  );
  onProgress?.({ type: "list", text: "Storing list signatures" });
  return digest;
}

/** The instance as it is at the destination. */
async function pushInstance(
  ctx: Context,
  instance: ListInstance,
  target: FullReference,
  options: PushOptions,
): Promise<ListInstance> {
  const { registry, repository } = target;
  const found = locateInstance(ctx, instance, options);
  if ("image" in found) {
    const pushed = await pushStored(ctx, found.image, { registry, repository }, options);
    return { ...instance, descriptor: { ...instance.descriptor, ...pushed } };
  }
  if ("artifact" in found) {
    const { digest } = instance.descriptor;
    await uploadArtifact(ctx, { registry, repository, digest }, digest, options);
  } else await copyInstance(ctx, instance.descriptor, found.source, target, options);
  return instance;
}
