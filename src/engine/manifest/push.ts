import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { writeUserFile } from "../../host/files.ts";
import { digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/image.ts";
import { type ListInstance, listDocument, listFormat } from "../../oci/manifest-list.ts";
import type { FullReference } from "../../oci/reference.ts";
import { repositoryName } from "../../oci/reference.ts";
import { parseTransport } from "../../oci/transport.ts";
import { readImageIndex } from "../../storage/image-index.ts";
import { getImage } from "../../storage/images.ts";
import { getList, removeList } from "../../storage/manifest-lists.ts";
import { type PushOptions, pushReference, pushStored } from "../image/push.ts";
import { registryOptions } from "../registry/options.ts";
import { copyInstance } from "./copy.ts";

export interface PushListOptions extends PushOptions {
  /** The images as well; without, they must be there. */
  all: boolean;
  /** Remove the list afterwards. */
  rm?: boolean;
  /** Gets the digest of the list at the destination. */
  digestFile?: string | undefined;
}

/** Uploads a list with its images, whether they are in the store or in a registry; returns its digest there. */
export async function pushList(
  ctx: Context,
  nameOrId: string,
  destination: string | undefined,
  options: PushListOptions,
): Promise<string> {
  const list = getList(ctx, nameOrId);
  const reference = listReference(ctx, nameOrId, destination);
  const { all, onProgress } = options;
  onProgress?.({ type: "list", text: "Getting image list signatures" });
  const count = list.instances.length;
  onProgress?.({ type: "list", text: `Copying ${all ? count : 0} of ${count} images in list` });
  const format = options.format ?? listFormat(list);
  const instances: ListInstance[] = [];
  for (const [i, instance] of list.instances.entries()) {
    const { digest } = instance.descriptor;
    if (all) onProgress?.({ type: "list", text: `Copying image ${digest} (${i + 1}/${count})` });
    instances.push(all ? await pushInstance(ctx, instance, reference, options) : instance);
  }
  onProgress?.({ type: "list", text: "Writing manifest list to image destination" });
  const document = listDocument({ instances, annotations: list.annotations }, format);
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
  if (options.digestFile !== undefined) writeUserFile(options.digestFile, digest);
  if (options.rm) await removeList(ctx, list.id);
  return digest;
}

function listReference(ctx: Context, nameOrId: string, destination: string | undefined): FullReference {
  const target = destination === undefined ? undefined : parseTransport(destination);
  if (target === undefined || target.kind === "docker")
    return pushReference(ctx, nameOrId, target?.reference);
  throw new EngineError("not-supported", `pushing a list to ${target.kind}: is not supported yet`, {
    hint: "push it to a registry: docker://REGISTRY/REPOSITORY:TAG",
  });
}

/** The instance as it is at the destination. */
async function pushInstance(
  ctx: Context,
  instance: ListInstance,
  target: FullReference,
  options: PushListOptions,
): Promise<ListInstance> {
  const { registry, repository } = target;
  const { digest } = instance.descriptor;
  const index = readImageIndex(ctx);
  const id = Object.entries(index.images).find(([, { manifest }]) => manifest === digest)?.[0];
  if (id !== undefined) {
    const pushed = await pushStored(ctx, getImage(ctx, id), { registry, repository }, options);
    return { ...instance, descriptor: { ...instance.descriptor, ...pushed } };
  }
  if (instance.source === null) {
    throw new EngineError("image-not-known", `image ${digest} of the list is no longer in the store`, {
      hint: `pull or load it again, or \`coracle manifest remove\` it from the list`,
    });
  }
  const isOci = instance.descriptor.mediaType === mediaTypes.ociManifest;
  if (options.format !== undefined && isOci !== (options.format === "oci")) {
    throw new EngineError(
      "not-supported",
      `image ${digest} of the list is in ${instance.source}, and can't be converted to ${options.format} on the way`,
      { hint: "pull it and add it from the store, or push without --format" },
    );
  }
  await copyInstance(ctx, instance.descriptor, instance.source, target, options);
  return instance;
}
