import { parseReference, repositoryName } from "../oci/reference.ts";
import type { ImageEntry, ImageIndex, ListEntry } from "./image-index.ts";

/** The names of images and lists. A name belongs to one at most: it is taken away from whatever had it. */

/** What has names, by id. */
export function namedEntries(index: ImageIndex): [id: string, entry: ImageEntry | ListEntry][] {
  return [...Object.entries(index.images), ...Object.entries(index.lists ?? {})];
}

export function namedEntry(index: ImageIndex, id: string): ImageEntry | ListEntry | undefined {
  return index.images[id] ?? index.lists?.[id];
}

/** Gives an image these names and no others. */
export function setNames(index: ImageIndex, id: string, names: readonly string[]): void {
  const entry = namedEntry(index, id) as ImageEntry | ListEntry;
  entry.names = [...new Set(names)];
  for (const [other, named] of namedEntries(index)) {
    if (other === id || !named.names.some((name) => entry.names.includes(name))) continue;
    named.names = named.names.filter((name) => !entry.names.includes(name));
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
