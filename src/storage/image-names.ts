import { parseReference, repositoryName } from "../oci/reference.ts";
import type { ImageEntry, ImageIndex } from "./image-index.ts";

/** The names of images. A name belongs to one image at most: it is taken away from whatever had it. */

/** Gives an image these names and no others. */
export function setNames(index: ImageIndex, id: string, names: readonly string[]): void {
  const entry = index.images[id] as ImageEntry;
  entry.names = [...new Set(names)];
  for (const [other, { names: taken }] of Object.entries(index.images)) {
    if (other === id || !taken.some((name) => entry.names.includes(name))) continue;
    const rest = taken.filter((name) => !entry.names.includes(name));
    (index.images[other] as ImageEntry).names = rest;
  }
  entry.nameHistory = [...new Set([...entry.names.toReversed(), ...entry.nameHistory])];
}

/** Puts a name in front of those that an image has, as a pull does. */
export function addName(index: ImageIndex, id: string, name: string): void {
  setNames(index, id, [name, ...(index.images[id] as ImageEntry).names]);
}

/** What an image can be called by digest: each of its repositories with each of its digests, sorted. */
export function repoDigests({ names, digests }: Pick<ImageEntry, "names" | "digests">): string[] {
  const repositories = names.map((name) => repositoryName(parseReference(name)));
  const all = repositories.flatMap((repository) => digests.map((digest) => `${repository}@${digest}`));
  return [...new Set(all)].sort();
}

/** The names with a tag. */
export function repoTags(names: readonly string[]): string[] {
  return names.filter((name) => !name.includes("@"));
}
