import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { parseReference } from "../../oci/reference.ts";
import { parseTime } from "../../oci/time.ts";
import { listRecords } from "../../runtime/records.ts";
import { readImageIndex } from "../../storage/image-index.ts";
import { readConfig, resolveImage, unknownImage } from "../../storage/images.ts";

/** An image as `images` shows it; what isn't in images.json is read when it is asked for. */
export interface ListedImage {
  id: string;
  names: string[];
  repoDigests: string[];
  /** Digest of the manifest. */
  digest: string;
  /** RFC 3339; when it was stored where the image doesn't say when it was built. */
  created: string;
  size: number;
  labels: () => Record<string, string> | null;
  /** How many containers use it. */
  containers: () => number;
}

export interface ListOptions {
  /** `KEY=VALUE`, as for --filter; values of one key are alternatives, keys are all to hold. */
  filters?: readonly string[];
}

type Predicate = (image: ListedImage) => boolean;

/** The images of the store, newest first. */
export function listImages(ctx: Context, options: ListOptions = {}): ListedImage[] {
  const index = readImageIndex(ctx);
  const images = Object.entries(index.images).map(
    ([id, entry]): ListedImage => ({
      id,
      names: entry.names,
      repoDigests: entry.repoDigests,
      digest: entry.manifest,
      created: entry.created || entry.storedAt,
      size: entry.size,
      labels: () => readConfig(ctx, id).config?.Labels ?? null,
      containers: () => listRecords(ctx).filter(({ config }) => config.image?.id === id).length,
    }),
  );
  const timeOf = (name: string) => {
    const id = resolveImage(index, name)?.id;
    const image = images.find((it) => it.id === id);
    if (!image) throw unknownImage(name);
    return Date.parse(image.created);
  };
  const predicate = parseFilters(options.filters ?? [], timeOf);
  return images
    .filter(predicate)
    .sort((a, b) => Date.parse(b.created) - Date.parse(a.created) || byName(a, b));
}

function byName(a: ListedImage, b: ListedImage): number {
  return (a.names[0] ?? "") < (b.names[0] ?? "") ? -1 : 1;
}

function parseFilters(filters: readonly string[], timeOf: (name: string) => number): Predicate {
  const groups = new Map<string, Predicate[]>();
  for (const filter of filters) {
    const [key, value] = splitFilter(filter);
    groups.set(key, [...(groups.get(key) ?? []), parseFilter(key, value, timeOf)]);
  }
  // Several labels are all asked for, of other keys any one will do.
  return (image) =>
    [...groups].every(([key, some]) =>
      key === "label" ? some.every((holds) => holds(image)) : some.some((holds) => holds(image)),
    );
}

function splitFilter(filter: string): [string, string] {
  const equals = filter.indexOf("=");
  return equals < 0 ? ["reference", filter] : [filter.slice(0, equals), filter.slice(equals + 1)];
}

function parseFilter(key: string, value: string, timeOf: (name: string) => number): Predicate {
  switch (key) {
    case "reference":
      return referenceFilter(value);
    case "id":
      return ({ id }) => id.startsWith(value.replace(/^sha256:/, ""));
    case "dangling": {
      const wanted = parseBoolean(key, value);
      return ({ names }) => (names.length === 0) === wanted;
    }
    case "intermediate": {
      const wanted = parseBoolean(key, value);
      return () => !wanted;
    }
    case "readonly": {
      const wanted = parseBoolean(key, value);
      return () => !wanted;
    }
    case "containers": {
      const wanted = parseBoolean(key, value);
      return (image) => image.containers() > 0 === wanted;
    }
    case "label":
      return labelFilter(value);
    case "before": {
      const time = timeOf(value);
      return ({ created }) => Date.parse(created) < time;
    }
    case "since":
    case "after": {
      const time = timeOf(value);
      return ({ created }) => Date.parse(created) > time;
    }
    case "until": {
      const time = parseTime(value);
      return ({ created }) => Date.parse(created) < time;
    }
    default:
      throw new EngineError("bad-filter", `unsupported image filter "${key}"`, {
        hint: "use reference, id, label, dangling, before, since, until, containers, readonly or intermediate",
      });
  }
}

function parseBoolean(key: string, value: string): boolean {
  if (/^(true|t|1)$/i.test(value)) return true;
  if (/^(false|f|0)$/i.test(value)) return false;
  throw new EngineError("bad-filter", `filter ${key} needs true or false, not "${value}"`);
}

function labelFilter(text: string): Predicate {
  const [key, value] = text.includes("=") ? splitFilter(text) : [text, undefined];
  return (image) => {
    const labels = image.labels() ?? {};
    return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
  };
}

/** `*` and `?` stand for anything within a path component. Without a registry or tag any will do. */
function referenceFilter(pattern: string): Predicate {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  const expression = new RegExp(`^${source}$`);
  return ({ names, repoDigests }) =>
    [...names, ...repoDigests].some((name) => spellings(name).some((it) => expression.test(it)));
}

/** What a full name may be called: without tag, and without its leading components. */
function spellings(name: string): string[] {
  const withoutTag = name.replace(/(@.*|:[^:/]*)$/, "");
  return [name, withoutTag].flatMap((text) => {
    const parts = text.split("/");
    return parts.map((_, i) => parts.slice(i).join("/"));
  });
}

/** A name given to `images NAME` as a filter; it must be a reference. */
export function nameFilter(name: string): string {
  if (!/[*?[\]]/.test(name)) parseReference(name);
  return `reference=${name}`;
}

/** One line of `images`: an image has one for each of its names. */
export interface ImageRow {
  image: ListedImage;
  repository: string;
  tag: string;
  digest: string;
}

const none = "<none>";

export function imageRows(images: readonly ListedImage[], sort = "created"): ImageRow[] {
  const rows = images.flatMap((image) => {
    const names = image.names.length > 0 ? image.names : unnamed(image);
    return names.map((name): ImageRow => {
      const colon = name.lastIndexOf(":");
      const [repository, tag] = [name.slice(0, colon), name.slice(colon + 1)];
      const known = image.repoDigests.find((it) => it.startsWith(`${repository}@`));
      return { image, repository, tag, digest: known?.slice(repository.length + 1) ?? image.digest };
    });
  });
  return sortRows(rows, sort);
}

/** An image pulled by digest still has its repository. */
function unnamed({ repoDigests }: ListedImage): string[] {
  const repositories = new Set(repoDigests.map((name) => name.slice(0, name.indexOf("@"))));
  return repositories.size === 0 ? [`${none}:${none}`] : [...repositories].map((name) => `${name}:${none}`);
}

function sortRows(rows: ImageRow[], sort: string): ImageRow[] {
  const by = (key: (row: ImageRow) => string | number) => (a: ImageRow, b: ImageRow) => {
    const [left, right] = [key(a), key(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
  switch (sort) {
    case "created":
      return rows;
    case "id":
      return rows.sort(by(({ image }) => image.id));
    case "repository":
      return rows.sort(by(({ repository }) => repository));
    case "size":
      return rows.sort(by(({ image }) => image.size));
    case "tag":
      return rows.sort(by(({ tag }) => tag));
    default:
      throw new EngineError("bad-argument", `"${sort}" is not a way to sort images`, {
        hint: "choose created, id, repository, size or tag",
      });
  }
}
