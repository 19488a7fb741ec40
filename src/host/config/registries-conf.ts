import * as fs from "node:fs";
import { EngineError, isErrno, reasonOf } from "../../errors.ts";
import {
  AUTH_FILES,
  type RegistriesConf,
  type RegistryEntry,
  type RegistryMirror,
} from "../../oci/registries.ts";
import { isTable, parseToml, type Table } from "./toml.ts";

/** The files that make up the configuration. */
export interface RegistriesConfFiles {
  /** Where the main file is, or would be. */
  main: string;
  directories: readonly string[];
  /** Those that exist, the weakest first. */
  files: readonly string[];
  /** Aliases that Podman has learnt, stronger than all others. */
  learnt?: string | undefined;
}

/** Reads files, the weakest first, over each other. */
export function readRegistriesConf(from: RegistriesConfFiles): RegistriesConf {
  const { main, directories, files, learnt } = from;
  const conf: RegistriesConf = {
    file: main,
    directories,
    unqualifiedSearch: [],
    searchFile: main,
    shortNameMode: "permissive",
    aliases: {},
    registries: [],
    credentialHelpers: [AUTH_FILES],
  };
  for (const file of files) merge(conf, file);
  if (learnt !== undefined) mergeAliases(conf, readFile(learnt), learnt);
  return conf;
}

function readFile(file: string): Table {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    const reason = isErrno(error, "ENOENT") ? "no such file or directory" : reasonOf(error);
    throw bad(file, `open ${file}: ${reason}`);
  }
  return parseToml(text, file, bad);
}

function merge(conf: RegistriesConf, file: string): void {
  const document = withoutFirstForm(readFile(file), file);
  const search = document["unqualified-search-registries"];
  if (search !== undefined) {
    conf.unqualifiedSearch = strings(search, "unqualified-search-registries", file).map((name) =>
      parseSearch(name, file),
    );
    conf.searchFile = file;
  }
  const helpers = strings(document["credential-helpers"] ?? [], "credential-helpers", file);
  if (helpers.length > 0) conf.credentialHelpers = helpers;
  const mode = text(document, "short-name-mode", file);
  if (mode !== "") {
    if (mode !== "enforcing" && mode !== "permissive" && mode !== "disabled")
      throw bad(file, `invalid short-name mode: ${JSON.stringify(mode)}`);
    conf.shortNameMode = mode;
  }
  mergeAliases(conf, document, file);
  const entries = tables(document, "registry", file).map((table) => readEntry(table, file));
  checkConflicts(entries, file);
  // Of one file the first counts.
  const first = entries.filter(
    ({ prefix }, i) => entries.findIndex((entry) => entry.prefix === prefix) === i,
  );
  const isReplaced = (prefix: string) => first.some((entry) => entry.prefix === prefix);
  conf.registries = [...conf.registries.filter(({ prefix }) => !isReplaced(prefix)), ...first];
}

/** The first form of the file, [registries.search] and so on, in the second one. */
function withoutFirstForm(document: Table, file: string): Table {
  const { registries, ...rest } = document;
  if (!isTable(registries)) return document;
  const listed = (name: string) => {
    const table = registries[name] ?? {};
    return isTable(table) ? strings(table["registries"] ?? [], `registries.${name}.registries`, file) : [];
  };
  const [search, insecure, blocked] = [listed("search"), listed("insecure"), listed("block")];
  if (search.length + insecure.length + blocked.length === 0) return rest;
  if (KEYS.some((key) => rest[key] !== undefined))
    throw bad(file, "mixing sysregistry v1/v2 is not supported");
  const locations = [...new Set([...insecure, ...blocked])];
  const registry = locations.map((location) => ({
    location,
    insecure: insecure.includes(location),
    blocked: blocked.includes(location),
  }));
  return { "unqualified-search-registries": search, registry };
}

/** Of the second form. */
const KEYS = [
  "unqualified-search-registries",
  "registry",
  "short-name-mode",
  "credential-helpers",
  "aliases",
];

function parseSearch(value: string, file: string): string {
  const host = value.startsWith("http") ? parseLocation(value, file) : value.replace(/\/+$/, "");
  if (/^[a-zA-Z0-9.-]+(:[0-9]+)?$/.test(host)) return host;
  throw bad(file, `Invalid unqualified-search-registries entry ${JSON.stringify(value)}`);
}

/** An alias for "" takes away one of a weaker file. */
function mergeAliases(conf: RegistriesConf, document: Table, file: string): void {
  const aliases = document["aliases"] ?? {};
  if (!isTable(aliases)) throw bad(file, "aliases is not a table");
  for (const [short, name] of Object.entries(aliases)) {
    if (typeof name !== "string") throw bad(file, `the alias ${JSON.stringify(short)} is not a string`);
    const fault =
      faultOf("short name", short, false) ?? (name === "" ? undefined : faultOf("alias", name, true));
    if (fault !== undefined) throw bad(file, `validating short-name aliases: ${fault}`);
    if (name === "") delete conf.aliases[short];
    else conf.aliases[short] = { name, file };
  }
}

/** In Podman's words; undefined for a name that has a registry, or has none, as it should. */
function faultOf(what: string, name: string, hasRegistry: boolean): string | undefined {
  const fault = (reason: string) => `invalid ${what} ${JSON.stringify(name)}: ${reason}`;
  if (name.includes("@")) return fault("must not contain digest");
  if (/:[^/]*$/.test(name)) return fault("must not contain tag");
  const [host = "", ...path] = name.split("/");
  const isRegistry = path.length > 0 && (/[.:]/.test(host) || host === "localhost");
  if (hasRegistry && !isRegistry) return fault("must contain registry and repository");
  return !hasRegistry && isRegistry ? fault("must not contain registry") : undefined;
}

function readEntry(table: Table, file: string): RegistryEntry {
  let prefix = text(table, "prefix", file);
  let location = text(table, "location", file);
  if (prefix === "" && location === "")
    throw bad(file, "invalid condition: both location and prefix are unset");
  if (location === "" && !prefix.startsWith("*.")) {
    throw bad(file, "invalid condition: location is unset and prefix is not in the format: *.example.com");
  }
  if (location !== "") location = parseLocation(location, file);
  prefix = prefix === "" ? location : parseLocation(prefix, file);
  const mirrorByDigestOnly = bool(table, "mirror-by-digest-only", file);
  return {
    prefix,
    location,
    insecure: bool(table, "insecure", file),
    blocked: bool(table, "blocked", file),
    mirrorByDigestOnly,
    mirrors: tables(table, "mirror", file).map((mirror) =>
      readMirror(mirror, prefix, mirrorByDigestOnly, file),
    ),
  };
}

function readMirror(table: Table, prefix: string, byDigestOnly: boolean, file: string): RegistryMirror {
  const location = text(table, "location", file);
  if (location === "") throw bad(file, "invalid condition: mirror location is unset");
  const pullFrom = text(table, "pull-from-mirror", file);
  if (pullFrom !== "" && byDigestOnly) {
    throw bad(
      file,
      `cannot set mirror usage mirror-by-digest-only for the registry (${JSON.stringify(prefix)}) and pull-from-mirror for per-mirror (${JSON.stringify(location)}) at the same time`,
    );
  }
  if (pullFrom !== "" && pullFrom !== "all" && pullFrom !== "digest-only" && pullFrom !== "tag-only") {
    throw bad(
      file,
      `unsupported pull-from-mirror value ${JSON.stringify(pullFrom)} for mirror ${JSON.stringify(location)}`,
    );
  }
  return {
    location: parseLocation(location, file),
    insecure: bool(table, "insecure", file),
    pullFrom: pullFrom === "" ? "all" : pullFrom,
  };
}

/** One address can't be safe by one entry of a file and not by another. */
function checkConflicts(entries: readonly RegistryEntry[], file: string): void {
  for (const [i, entry] of entries.entries()) {
    for (const other of entries.slice(0, i)) {
      if (entry.location === "" || entry.location !== other.location) continue;
      for (const key of ["insecure", "blocked"] as const) {
        if (entry[key] === other[key]) continue;
        throw bad(
          file,
          `registry '${entry.location}' is defined multiple times with conflicting '${key}' setting`,
        );
      }
    }
  }
}

function parseLocation(value: string, file: string): string {
  const location = value.replace(/\/+$/, "");
  if (location === "") throw bad(file, "invalid location: cannot be empty");
  if (/^https?:\/\//.test(location))
    throw bad(file, `invalid location '${value}': URI schemes are not supported`);
  return location;
}

function bad(file: string, what: string): EngineError {
  const kind = /registries\.conf\.d\/[^/]*$/.test(file) ? "drop-in registries" : "registries";
  return new EngineError("bad-config", `loading ${kind} configuration ${JSON.stringify(file)}: ${what}`);
}

function text(table: Table, key: string, file: string): string {
  const value = table[key] ?? "";
  if (typeof value !== "string") throw bad(file, `${key} is not a string`);
  return value;
}

function bool(table: Table, key: string, file: string): boolean {
  const value = table[key] ?? false;
  if (typeof value !== "boolean") throw bad(file, `${key} is not true or false`);
  return value;
}

function strings(value: unknown, key: string, file: string): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw bad(file, `${key} is not an array of strings`);
}

function tables(table: Table, key: string, file: string): Table[] {
  const value = table[key] ?? [];
  if (Array.isArray(value) && value.every(isTable)) return value;
  throw bad(file, `${key} is not an array of tables`);
}
