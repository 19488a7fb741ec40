import { EngineError } from "../../errors.ts";
import type { Compression } from "../../oci/manifest-format.ts";
import { type ListInstance, type ManifestList, withVariants } from "../../oci/manifest-list.ts";
import type { PushOptions } from "../image/push.ts";

export interface CopyListOptions extends PushOptions {
  /** The images as well; without, they must be there. */
  all: boolean;
  /** What each image is to be there in as well, compressed so. */
  addCompression?: readonly Exclude<Compression, "none">[] | undefined;
}

/** Brings the images of a list to where it goes, one after the other; returns them as they are there. */
export async function copyInstances(
  { instances }: ManifestList,
  options: CopyListOptions,
  copy: (instance: ListInstance, options: PushOptions) => Promise<ListInstance>,
): Promise<ListInstance[]> {
  const { all, addCompression = [], onProgress } = options;
  if (!all && addCompression.length > 0) {
    throw new EngineError("bad-argument", "--add-compression can't be used with --all=false");
  }
  const wanted = all ? withVariants(instances, addCompression) : [];
  const counts = `${wanted.length} images generated from ${instances.length} images in list`;
  onProgress?.({ type: "list", text: `Copying ${counts}` });
  const copied: ListInstance[] = [];
  const variants: ListInstance[] = [];
  for (const [i, { instance, compression }] of wanted.entries()) {
    const verb = compression === undefined ? "Copying" : "Replicating";
    const { digest } = instance.descriptor;
    onProgress?.({ type: "list", text: `${verb} image ${digest} (${i + 1}/${wanted.length})` });
    if (compression === undefined) copied.push(await copy(instance, options));
    else variants.push(await copy(instance, { ...options, compression, force: true, level: undefined }));
  }
  onProgress?.({ type: "list", text: "Writing manifest list to image destination" });
  return all ? [...copied, ...variants] : [...instances];
}
