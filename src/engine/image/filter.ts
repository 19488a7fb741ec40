import { EngineError } from "../../errors.ts";
import { badFilter } from "../../oci/filters.ts";
import { goBool } from "../../oci/go-bool.ts";
import { matchesLabels } from "../../oci/label-filter.ts";
import { pathMatcher } from "../../oci/path-match.ts";
import { formatReference, parseReference, type Reference, repositoryName } from "../../oci/reference.ts";
import { parseTime } from "../../oci/time.ts";
import type { ListedImage } from "./list.ts";

/** `--filter` of images and image prune, by podman-images(1). */

type Predicate = (image: ListedImage) => boolean;

/** Finds the image that a name or id stands for, as filters that compare with another one need. */
export type FindImage = (nameOrId: string) => ListedImage | undefined;

interface Filter {
  key: string;
  value: string;
  negated: boolean;
  holds: Predicate;
}

/**
 * Filters as given, `KEY=VALUE` or `KEY!=VALUE`, as one predicate. All must hold, but of several references any one
 * will do.
 */
export function imageFilter(filters: readonly string[], find: FindImage): Predicate {
  const parsed = filters.map((text) => parseFilter(text, find));
  refuseContradictions(parsed);
  const references = parsed.filter(isWantedReference);
  const others = parsed.filter((filter) => !isWantedReference(filter));
  return (image) =>
    others.every(({ holds }) => holds(image)) &&
    (references.length === 0 || references.some(({ holds }) => holds(image)));
}

function isWantedReference({ key, negated }: Filter): boolean {
  return key === "reference" && !negated;
}

/**
 * Which of an image's names filters ask for: where one full name is all that they say of names, that one, and by a
 * digest all of its repository. Else undefined: all.
 */
export function wantedName(filters: readonly string[]): ((name: string) => boolean) | undefined {
  const [only, ...more] = filters.filter((text) => /^reference!?=/.test(text));
  if (only?.startsWith("reference=") !== true || more.length > 0) return undefined;
  const wanted = fullName(only.slice("reference=".length));
  if (wanted === undefined) return undefined;
  const { digest } = wanted;
  if (digest === undefined) return (name) => name === formatReference(wanted);
  return (name) => repositoryName(parseReference(name)) === repositoryName(wanted);
}

function fullName(text: string): Reference | undefined {
  try {
    const reference = parseReference(text);
    const isFull = reference.registry !== undefined && (reference.tag ?? reference.digest) !== undefined;
    return isFull ? reference : undefined;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

function invalid(text: string, hint?: string): EngineError {
  return badFilter(
    `invalid image filter "${text}": must be in the format "filter=value or filter!=value"`,
    hint,
  );
}

function parseFilter(text: string, find: FindImage): Filter {
  const match = /^(.*?)(!?=)(.*)$/s.exec(text);
  if (!match) {
    throw invalid(text);
  }
  const [, name, operator, value] = match as unknown as [string, string, string, string];
  const key = name === "after" ? "since" : name;
  const make = Object.hasOwn(predicates, key) ? predicates[key] : undefined;
  if (!make) {
    throw invalid(name, `use one of ${["after", ...Object.keys(predicates)].sort().join(", ")}`);
  }
  const holds = make(value, find, name);
  const negated = operator === "!=";
  return { key, value, negated, holds: negated ? (image) => !holds(image) : holds };
}

const single = ["containers", "dangling", "intermediate", "manifest", "readonly"];

function refuseContradictions(filters: readonly Filter[]): void {
  for (const key of single) {
    if (new Set(filters.filter((filter) => filter.key === key).map(({ value }) => value)).size > 1) {
      throw badFilter(`specifying "${key}" filter more than once with different values is not supported`);
    }
  }
}

const predicates: Record<string, (value: string, find: FindImage, name: string) => Predicate> = {
  before: (value, find, name) => {
    const time = createdOf(name, value, find);
    return ({ created }) => Date.parse(created) < time;
  },
  since: (value, find, name) => {
    const time = createdOf(name, value, find);
    return ({ created }) => Date.parse(created) > time;
  },
  containers: (value) => {
    // No container here is another tool's: an image that has some has its own.
    if (value === "external") return (image) => image.containers() === 0;
    if (value !== "true" && value !== "false")
      throw badFilter(`unsupported value "${value}" for containers filter`);
    return (image) => image.containers() > 0 === (value === "true");
  },
  dangling: (value) => equals(value, "dangling", (image) => image.dangling()),
  digest: (value) => {
    if (!value.startsWith("sha256:")) throw badFilter(`invalid value "${value}" for digest filter`);
    return ({ digests }) => digests.some((digest) => digest.startsWith(value));
  },
  id:
    (value) =>
    ({ id }) =>
      id.startsWith(value),
  intermediate: (value) => equals(value, "intermediate", (image) => image.intermediate()),
  label:
    (value) =>
    ({ labels }) =>
      matchesLabels([value], labels() ?? {}),
  manifest: (value) => equals(value, "manifest", ({ isList }) => isList),
  readonly: (value) => equals(value, "readonly", ({ readOnly }) => readOnly),
  reference: referencePredicate,
  until: (value) => {
    const time = parseTime(value);
    return ({ created }) => Date.parse(created) < time;
  },
};

function createdOf(key: string, value: string, find: FindImage): number {
  let found: ListedImage | undefined;
  let reason = `${value}: image not known`;
  try {
    found = find(value);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    reason = error.message;
  }
  if (found) return Date.parse(found.created);
  throw badFilter(`could not find local image for filter "${key}"="${value}": ${reason}`);
}

function equals(value: string, key: string, actual: Predicate): Predicate {
  const wanted = goBool(value);
  if (wanted === undefined) {
    // Podman's text, which has the two the wrong way round.
    throw badFilter(
      `non-boolean value "${key}" for ${value} filter: strconv.ParseBool: parsing "${value}": invalid syntax`,
    );
  }
  return (image) => actual(image) === wanted;
}

/** The one image that the value stands for, and those with a name that matches it as a pattern. */
function referencePredicate(value: string, find: FindImage): Predicate {
  const named = findQuietly(value, find);
  const matches = pathMatcher(value);
  return ({ id, names }) =>
    id === named || (matches !== undefined && names.some((name) => spellings(name).some(matches)));
}

/** The id; a pattern is no reference, and finds nothing. */
function findQuietly(value: string, find: FindImage): string | undefined {
  try {
    return find(value)?.id;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** What a pattern may match of a full name: with and without registry and path, each with and without tag. */
function spellings(name: string): string[] {
  const reference = parseReference(name);
  const repository = repositoryName(reference);
  const suffix = name.slice(repository.length);
  const last = repository.slice(repository.lastIndexOf("/") + 1);
  return [repository, reference.repository, last].flatMap((text) => [text, text + suffix]);
}
