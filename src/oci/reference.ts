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

/** Parses a reference; what is wrong with a bad one is told in the words of Podman and Docker. */
export function parseReference(text: string): Reference {
  const reference = match(text);
  if (reference === undefined) {
    if (text === "") throw invalid(text, "repository name must have at least one component");
    throw invalid(
      text,
      match(text.toLowerCase()) ? "repository name must be lowercase" : "invalid reference format",
    );
  }
  if (reference.repository.length > 255) {
    throw invalid(text, "repository name must not be more than 255 characters");
  }
  return reference;
}

function invalid(text: string, reason: string): EngineError {
  return new EngineError("bad-reference", reason, {
    hint: `"${text}" is not [REGISTRY[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST]`,
  });
}

function match(text: string): Reference | undefined {
  const reference: Reference = { repository: text };
  const at = text.indexOf("@");
  if (at >= 0) {
    reference.digest = text.slice(at + 1);
    reference.repository = text.slice(0, at);
    if (!isDigest(reference.digest)) return undefined;
  }
  const colon = reference.repository.lastIndexOf(":");
  if (colon > reference.repository.lastIndexOf("/")) {
    reference.tag = reference.repository.slice(colon + 1);
    reference.repository = reference.repository.slice(0, colon);
    if (!tagPattern.test(reference.tag)) return undefined;
  }
  const slash = reference.repository.indexOf("/");
  const first = reference.repository.slice(0, Math.max(slash, 0));
  if (slash > 0 && (/[.:[A-Z]/.test(first) || first === "localhost")) {
    if (!domain.test(first)) return undefined;
    reference.registry = first;
    reference.repository = reference.repository.slice(slash + 1);
  }
  return repositoryPath.test(reference.repository) ? reference : undefined;
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

/** The full name that an image made here goes by: short names belong to `localhost`. */
export function localName(text: string): string {
  return formatReference(completeReference(parseReference(text), "localhost"));
}

/** A name to give to an image here: full, with a tag. */
export function newLocalName(text: string): string {
  if (text.startsWith("sha256:") || text.includes("@")) {
    throw new EngineError("bad-reference", `${text}: tag by digest not supported`);
  }
  return normalizeName(text);
}

/** `localName`, whose errors name the text. */
export function normalizeName(text: string): string {
  try {
    return localName(text);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const { code, message, hint } = error;
    throw new EngineError(code, `normalizing name "${text}": normalizing name "${text}": ${message}`, {
      hint,
      cause: error,
    });
  }
}

/** Repository and tag of a stored name, as lists show them. */
export function splitName(name: string): { repository: string; tag: string | undefined } {
  const { tag, ...reference } = parseReference(name);
  return { repository: repositoryName(reference), tag: reference.digest === undefined ? tag : undefined };
}

/** What login keeps credentials under: a registry, or the part of one that a repository is in. Of a URL that is its host. */
export function credentialsKey(text: string): string {
  const host = /^https?:\/\/([^/]*)/.exec(text)?.[1];
  const name = host ?? text.replace(/^docker:\/\//, "").replace(/\/+$/, "");
  if (!name.includes("/")) return name;
  const { tag, digest } = parseReference(name);
  if (tag === undefined && digest === undefined) return name;
  throw new EngineError("bad-reference", `reference "${name}" contains tag or digest`, {
    hint: "give REGISTRY[/NAMESPACE…]",
  });
}
