import {
  type FullReference,
  formatReference,
  parseReference,
  type Reference,
  repositoryName,
} from "./reference.ts";

/** What containers-registries.conf(5) says, and what follows from it for a reference. */

/** An address that images of a registry, or of a part of it, come from. */
export interface RegistryEndpoint {
  /** `host[:port][/namespace…]`; empty for a wildcard prefix: the name stays as it is. */
  location: string;
  insecure: boolean;
}

export interface RegistryMirror extends RegistryEndpoint {
  pullFrom: "all" | "digest-only" | "tag-only";
}

export interface RegistryEntry extends RegistryEndpoint {
  /** What names must begin with to be meant: `host[:port][/namespace…[/repository]]`, or `*.host`. */
  prefix: string;
  blocked: boolean;
  mirrors: RegistryMirror[];
  mirrorByDigestOnly: boolean;
}

/** What stands for the files of credentials among the helpers. */
export const AUTH_FILES = "containers-auth.json";

export interface RegistriesConf {
  /** The main file and the directories of drop-ins, for messages. */
  file: string;
  directories: readonly string[];
  unqualifiedSearch: string[];
  /** The file that names those. */
  searchFile: string;
  shortNameMode: "enforcing" | "permissive" | "disabled";
  /** Full repository names by short name, each with the file that says so. */
  aliases: Record<string, { name: string; file: string }>;
  registries: RegistryEntry[];
  /** Where credentials are looked for: suffixes of programs (`docker-credential-<suffix>`), and AUTH_FILES. */
  credentialHelpers: string[];
}

/** The entry that means a name (`host/repository`, `host`): the one with the longest prefix. */
export function findRegistry(conf: RegistriesConf | undefined, name: string): RegistryEntry | undefined {
  let found: RegistryEntry | undefined;
  for (const entry of conf?.registries ?? []) {
    if (matchLength(name, entry.prefix) === undefined) continue;
    if (found === undefined || entry.prefix.length > found.prefix.length) found = entry;
  }
  return found;
}

/** How much of a name a prefix covers; undefined where it doesn't match. */
function matchLength(name: string, prefix: string): number | undefined {
  if (prefix.startsWith("*.")) {
    const host = /^[^/@]*/.exec(name)?.[0] ?? "";
    return host.replace(/:\d+$/, "").endsWith(prefix.slice(1)) || host.endsWith(prefix.slice(1))
      ? host.length
      : undefined;
  }
  if (!name.startsWith(prefix)) return undefined;
  const next = name[prefix.length];
  return next === undefined || ":/@".includes(next) ? prefix.length : undefined;
}

export interface PullSource {
  reference: FullReference;
  /** Undefined where no entry means it. */
  insecure: boolean | undefined;
}

/** Where an image may be pulled from, in the order in which to try: mirrors, then the place itself. */
export function pullSources(entry: RegistryEntry | undefined, reference: FullReference): PullSource[] {
  if (entry === undefined) return [{ reference, insecure: undefined }];
  const byDigest = reference.digest !== undefined;
  const mirrors = entry.mirrors.filter(({ pullFrom }) =>
    entry.mirrorByDigestOnly || pullFrom === "digest-only" ? byDigest : pullFrom === "all" || !byDigest,
  );
  return [...mirrors, entry].map((endpoint) => ({
    reference: relocate(reference, entry.prefix, endpoint.location),
    insecure: endpoint.insecure,
  }));
}

/** The reference with the location in the place of the prefix. */
function relocate(reference: FullReference, prefix: string, location: string): FullReference {
  if (location === "") return reference;
  const name = formatReference(reference);
  const moved = parseReference(location + name.slice(matchLength(name, prefix)));
  return { ...moved, registry: moved.registry ?? location };
}

/** Where a short name may be meant to be. */
export interface ShortNameCandidates {
  references: Reference[];
  /** What to tell the user: how the name was resolved. */
  description: string | undefined;
}

/**
 * The full references that a short name may stand for, or why there are none, in Podman's words. Nobody is asked: who has
 * several registries to search gets them tried in turn, unless that is forbidden (`enforcing`).
 */
export function resolveShortName(
  conf: RegistriesConf,
  reference: Reference,
  text: string,
): ShortNameCandidates | { error: string; hint: string } {
  const alias = Object.hasOwn(conf.aliases, reference.repository)
    ? conf.aliases[reference.repository]
    : undefined;
  if (alias) {
    const named = parseReference(alias.name);
    const full = { ...reference, ...named };
    return {
      references: [full],
      description: `Resolved "${reference.repository}" as an alias (${alias.file})`,
    };
  }
  const { unqualifiedSearch } = conf;
  if (unqualifiedSearch.length === 0) {
    return {
      error: `short-name ${JSON.stringify(text)} did not resolve to an alias and no unqualified-search registries are defined in ${JSON.stringify(conf.searchFile)}`,
      hint: `write the registry before the name: docker.io/${repositoryName(reference).includes("/") ? "" : "library/"}${text}`,
    };
  }
  if (conf.shortNameMode === "enforcing" && unqualifiedSearch.length > 1) {
    return {
      error: "short-name resolution enforced but cannot prompt without a TTY",
      hint: `write the registry before the name: ${unqualifiedSearch[0]}/${text}`,
    };
  }
  return {
    references: unqualifiedSearch.map((registry) => ({ ...reference, registry })),
    description: `Resolving "${reference.repository}" using unqualified-search registries (${conf.searchFile})`,
  };
}
