import { EngineError } from "../errors.ts";
import { isDigest } from "./digest.ts";

/** An image reference as written: without a registry it is a short name. */
export interface Reference {
  registry?: string;
  repository: string;
  tag?: string;
  digest?: string;
}

/** A reference with nothing left to guess. */
export interface FullReference extends Reference {
  registry: string;
}

export const defaultRegistry = "docker.io";

// The grammar of distribution/reference.
const domain =
  /^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(:[0-9]+)?$/;
const repositoryPath = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

function invalid(text: string, reason: string): EngineError {
  return new EngineError("bad-reference", `invalid image reference ${JSON.stringify(text)}: ${reason}`, {
    hint: "a reference is [REGISTRY[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST]",
  });
}

export function parseReference(text: string): Reference {
  const reference: Reference = { repository: text };
  const at = text.indexOf("@");
  if (at >= 0) {
    reference.digest = text.slice(at + 1);
    reference.repository = text.slice(0, at);
    if (!isDigest(reference.digest)) throw invalid(text, "bad digest");
  }
  const colon = reference.repository.lastIndexOf(":");
  if (colon > reference.repository.lastIndexOf("/")) {
    reference.tag = reference.repository.slice(colon + 1);
    reference.repository = reference.repository.slice(0, colon);
    if (!tagPattern.test(reference.tag)) throw invalid(text, "bad tag");
  }
  const slash = reference.repository.indexOf("/");
  const first = reference.repository.slice(0, Math.max(slash, 0));
  if (slash > 0 && (/[.:[A-Z]/.test(first) || first === "localhost")) {
    if (!domain.test(first)) throw invalid(text, `bad registry "${first}"`);
    reference.registry = first;
    reference.repository = reference.repository.slice(slash + 1);
  }
  if (reference.repository === "") throw invalid(text, "empty repository name");
  if (!repositoryPath.test(reference.repository)) {
    const lowered = repositoryPath.test(reference.repository.toLowerCase());
    throw invalid(text, lowered ? "repository name must be lowercase" : "bad repository name");
  }
  if (reference.repository.length > 255) throw invalid(text, "repository name is longer than 255 characters");
  return reference;
}

/** Fills in the registry (and Docker Hub's `library/`); the tag becomes `latest` where neither tag nor digest is given. */
export function completeReference(reference: Reference, registry = defaultRegistry): FullReference {
  const full: FullReference = { ...reference, registry: reference.registry ?? registry };
  if (full.registry === "index.docker.io") full.registry = defaultRegistry;
  if (full.registry === defaultRegistry && !full.repository.includes("/")) {
    full.repository = `library/${full.repository}`;
  }
  if (full.tag === undefined && full.digest === undefined) full.tag = "latest";
  return full;
}

/** `registry/repository`, without tag and digest. */
export function repositoryName(reference: Reference): string {
  return reference.registry === undefined
    ? reference.repository
    : `${reference.registry}/${reference.repository}`;
}

/** The reference as text; with both tag and digest only the digest counts. */
export function formatReference(reference: Reference): string {
  if (reference.digest !== undefined) return `${repositoryName(reference)}@${reference.digest}`;
  return reference.tag === undefined
    ? repositoryName(reference)
    : `${repositoryName(reference)}:${reference.tag}`;
}

/** The full name under which an image made here is stored: short names belong to `localhost`. */
export function localName(text: string): string {
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw invalid(text, "a name for an image can't have a digest");
  return formatReference(completeReference(reference, "localhost"));
}
