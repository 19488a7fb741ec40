import type { Context } from "../../host/context.ts";
import { listIdentity } from "../../oci/manifest-list.ts";
import { splitName } from "../../oci/reference.ts";
import { listRecords } from "../../runtime/records.ts";
import {
  type ImageEntry,
  type ImageIndex,
  type ListEntry,
  readImageIndex,
  readOnlyImages,
  visibleImages,
} from "../../storage/image-index.ts";
import { resolveEntry } from "../../storage/image-lookup.ts";
import { repoDigests } from "../../storage/image-names.ts";
import { ImageRelations } from "../../storage/image-relations.ts";
import { readConfig } from "../../storage/images.ts";
import { imageFilter, wantedName } from "./filter.ts";

/** An image as `images` shows it; what isn't in images.json is read when it is asked for. */
export interface ListedImage {
  id: string;
  /** Full names, with tags or with a digest. */
  names: string[];
  /** Names that it has or had, the latest first. */
  nameHistory: string[];
  /** Digest of the manifest. */
  digest: string;
  /** All that it can be called by. */
  digests: string[];
  repoDigests: () => string[];
  /** RFC 3339; when it was stored where the image doesn't say when it was built. */
  created: string;
  size: number;
  labels: () => Record<string, string> | null;
  /** How many containers use it. */
  containers: () => number;
  /** The id of the image that it was built on, or "". */
  parent: () => string;
  /** Without a name, and nothing is built on it. */
  dangling: () => boolean;
  /** Without a name, but something is built on it. */
  intermediate: () => boolean;
  /** A list of images. */
  isList: boolean;
  /** In an additional store. */
  readOnly: boolean;
}

export interface ListOptions {
  /** As for --filter. */
  filters?: readonly string[];
  /** Intermediate images too. */
  all?: boolean;
}

/** The images of the store, in the order in which they came. */
export function listImages(ctx: Context, { filters = [], all = true }: ListOptions = {}): ListedImage[] {
  const index = visibleImages(ctx);
  const images = describeImages(ctx, index);
  const find = (nameOrId: string) => {
    const id = resolveEntry(index, nameOrId)?.id;
    return images.find((image) => image.id === id);
  };
  const matches = imageFilter(filters, find);
  const hidesIntermediate = !all && !filters.some((filter) => filter.startsWith("intermediate="));
  const found = images.filter((image) => matches(image) && !(hidesIntermediate && image.intermediate()));
  const wanted = wantedName(filters);
  return wanted ? found.map((image) => withNames(image, image.names.filter(wanted))) : found;
}

/** An image as if it had only these names. */
function withNames(image: ListedImage, names: string[]): ListedImage {
  return { ...image, names, repoDigests: () => repoDigests({ names, digests: image.digests }) };
}

/** An image that is in the own store and in an additional one is there twice. */
function describeImages(ctx: Context, index: ImageIndex): ListedImage[] {
  const relations = new ImageRelations(ctx, index);
  const { images, lists = {} } = readImageIndex(ctx);
  return [
    ...Object.entries(images).map(([id, entry]) => describe(ctx, relations, id, entry)),
    ...Object.entries(lists).map(([id, entry]) => describeList(id, entry)),
    ...readOnlyImages(ctx).map(([id, entry]) => ({ ...describe(ctx, relations, id, entry), readOnly: true })),
  ];
}

function describeList(id: string, entry: ListEntry): ListedImage {
  const { digest, size } = listIdentity(entry);
  const { names, nameHistory, created } = entry;
  return {
    id,
    names,
    nameHistory,
    digest,
    digests: [digest],
    repoDigests: () => repoDigests({ names, digests: [digest] }),
    created,
    size,
    labels: () => null,
    containers: () => 0,
    parent: () => "",
    dangling: () => false,
    intermediate: () => false,
    isList: true,
    readOnly: false,
  };
}

function describe(ctx: Context, relations: ImageRelations, id: string, entry: ImageEntry): ListedImage {
  return {
    id,
    names: entry.names,
    nameHistory: entry.nameHistory,
    digest: entry.manifest,
    digests: entry.digests,
    repoDigests: () => repoDigests(entry),
    created: entry.created || entry.storedAt,
    size: entry.size,
    labels: () => readConfig(ctx, id).config?.Labels ?? null,
    containers: () => listRecords(ctx).filter(({ config }) => config.image?.id === id).length,
    parent: () => relations.parentOf(id) ?? "",
    dangling: () => relations.isDangling(id),
    intermediate: () => relations.isIntermediate(id),
    isList: false,
    readOnly: false,
  };
}

/** One line of `images`: an image has one for each of its tags. */
export interface ImageRow {
  image: ListedImage;
  repository: string;
  tag: string;
}

const none = "<none>";

export function imageRows(images: readonly ListedImage[], sort = "created"): ImageRow[] {
  const rows = images.flatMap((image) => {
    const all = image.names.map((name): ImageRow => {
      const { repository, tag = none } = splitName(name);
      return { image, repository, tag };
    });
    // Pulled by digest, it has a repository but no tag.
    const tagged = all.filter(({ tag }) => tag !== none);
    if (tagged.length > 0) return tagged;
    return [all[0] ?? { image, repository: none, tag: none }];
  });
  const key = sortKeys[sort];
  if (!key) return rows;
  return rows.sort((a, b) => compare(key(a), key(b)) || (sort === "repository" ? compare(a.tag, b.tag) : 0));
}

const sortKeys: Record<string, (row: ImageRow) => string | number> = {
  // The newest first.
  created: ({ image }) => -Date.parse(image.created),
  id: ({ image }) => image.id,
  repository: ({ repository }) => repository,
  size: ({ image }) => image.size,
  tag: ({ tag }) => tag,
};

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
