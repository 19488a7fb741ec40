import { EngineError } from "../errors.ts";
import type { Platform } from "../oci/image.ts";
import { chooseManifest, platformOf } from "../oci/image-platform.ts";
import {
  completeReference,
  defaultRegistry,
  formatReference,
  parseReference,
  type Reference,
  repositoryName,
} from "../oci/reference.ts";
import type { ImageIndex, ListEntry } from "./image-index.ts";
import { namedEntries } from "./image-names.ts";

/** Which image a text stands for, by Podman's rules. */

export interface ResolvedImage {
  id: string;
  /** The name, or what was asked for with a digest, that matched; undefined when it was an id. */
  name: string | undefined;
}

export function unknownImage(nameOrId: string): EngineError {
  return new EngineError("image-not-known", `${nameOrId}: image not known`, {
    hint: `\`coracle images\` lists the images here; \`coracle pull ${nameOrId}\` fetches one`,
  });
}

/** The image that a text stands for; of a list the one for this machine, which must be in the store. */
export function resolveImage(index: ImageIndex, text: string): ResolvedImage | undefined {
  const found = resolveEntry(index, text);
  const list = found && index.lists?.[found.id];
  return list ? { id: instanceOf(index, list), name: found.name } : found;
}

function instanceOf(index: ImageIndex, list: ListEntry): string {
  const wanted = platformOf(process.arch);
  const manifests = list.instances.map(({ descriptor }) => descriptor);
  let id: string | undefined;
  try {
    const { digest } = chooseManifest({ schemaVersion: 2, manifests }, wanted, "list");
    id = Object.entries(index.images).find(([, { digests }]) => digests.includes(digest))?.[0];
  } catch {
    // None is for this platform.
  }
  if (id !== undefined) return id;
  throw noInstance(wanted);
}

function noInstance({ os, architecture, variant = "" }: Platform): EngineError {
  return new EngineError(
    "no-instance",
    `no image found in image index for architecture ${architecture}, variant ${JSON.stringify(variant)}, OS ${os}: image not known`,
    { hint: "pull the image that the list has for it; `coracle manifest inspect` shows the list" },
  );
}

/**
 * The image or list that a text stands for. A whole id, with or without `sha256:`, is nothing but an id. Of names, a short one means `localhost/NAME`, then Docker
 * Hub's; then come prefixes of ids, digests, and last the first image that has that short name in whatever registry.
 */
export function resolveEntry(index: ImageIndex, text: string): ResolvedImage | undefined {
  const nameOrId = withoutTransport(text);
  const bare = nameOrId.startsWith("sha256:") ? nameOrId.slice("sha256:".length) : nameOrId;
  if (/^[0-9a-f]{64}$/.test(bare)) {
    return namedEntries(index).some(([id]) => id === bare) ? { id: bare, name: undefined } : undefined;
  }
  if (bare !== nameOrId) {
    throw new EngineError("bad-reference", `${nameOrId}: invalid format: no 64-byte hexadecimal value`);
  }
  const reference = parseReference(nameOrId);
  return (
    byFullName(index, reference) ??
    byPrefix(index, nameOrId) ??
    (reference.digest === undefined
      ? byShortName(index, reference)
      : byDigest(index, reference, reference.digest, nameOrId))
  );
}

/** Images are looked for in the store only. */
function withoutTransport(text: string): string {
  if (text.startsWith("containers-storage:"))
    return text.slice("containers-storage:".length).replace(/^@/, "");
  const other = /^(?:(docker):\/\/|(dir|oci|oci-archive|docker-archive|docker-daemon):)/.exec(text);
  if (!other) return text;
  throw new EngineError(
    "bad-reference",
    `unsupported transport "${other[1] ?? other[2]}" for looking up local images`,
  );
}

function byFullName(index: ImageIndex, reference: Reference): ResolvedImage | undefined {
  const registries = reference.registry === undefined ? ["localhost", defaultRegistry] : [reference.registry];
  for (const registry of registries) {
    const name = formatReference(completeReference(reference, registry));
    const found = namedEntries(index).find(([, { names }]) => names.includes(name));
    if (found) return { id: found[0], name };
  }
  return undefined;
}

/** A prefix of several ids stands for none of them. */
function byPrefix(index: ImageIndex, prefix: string): ResolvedImage | undefined {
  if (!/^[0-9a-f]+$/.test(prefix)) return undefined;
  const ids = namedEntries(index).flatMap(([id]) => (id.startsWith(prefix) ? [id] : []));
  return ids.length === 1 ? { id: ids[0] as string, name: undefined } : undefined;
}

function byDigest(
  index: ImageIndex,
  reference: Reference,
  digest: string,
  text: string,
): ResolvedImage | undefined {
  const wanted = reference.registry === undefined ? reference : completeReference(reference);
  const found = Object.entries(index.images).find(
    ([, { names, digests }]) =>
      digests.includes(digest) && names.some((name) => isRepository(parseReference(name), wanted)),
  );
  return found && { id: found[0], name: text };
}

function byShortName(index: ImageIndex, reference: Reference): ResolvedImage | undefined {
  if (reference.registry !== undefined) return undefined;
  const tag = reference.tag ?? "latest";
  for (const [id, { names }] of namedEntries(index)) {
    for (const name of names) {
      const candidate = parseReference(name);
      if (candidate.tag === tag && isRepository(candidate, reference)) return { id, name };
    }
  }
  return undefined;
}

/** Whether the one wanted is the whole name of the repository, or its last components. */
function isRepository(stored: Reference, wanted: Reference): boolean {
  const [name, suffix] = [repositoryName(stored), repositoryName(wanted)];
  return name === suffix || name.endsWith(`/${suffix}`);
}
