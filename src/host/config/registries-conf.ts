import * as fs from "node:fs";
import { EngineError, isErrno, reasonOf } from "../../errors.ts";
import {
  AUTH_FILES,
  type RegistriesConf,
  type RegistryEntry,
  type RegistryMirror,
} from "../../oci/registries.ts";
import { isTable, parseToml, type Table } from "./toml.ts";
import { type Kind, mergeTable, type Place, tablesIn } from "./toml-tables.ts";

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
  if (learnt !== undefined) mergeAliases(conf, readDocument(learnt).values.aliases, learnt);
  return conf;
}

type Keys = Readonly<Record<string, Kind>>;

const DOCUMENT: Keys = {
  "additional-layer-store-auth-helper": "string",
  aliases: "map",
  "credential-helpers": "list",
  "short-name-mode": "string",
  "unqualified-search-registries": "list",
};

const ENTRY: Keys = {
  blocked: "bool",
  insecure: "bool",
  location: "string",
  "mirror-by-digest-only": "bool",
  prefix: "string",
};

const MIRROR: Keys = { insecure: "bool", location: "string", "pull-from-mirror": "string" };

interface Values {
  aliases?: Record<string, string>;
  "credential-helpers"?: string[];
  "short-name-mode"?: string;
  "unqualified-search-registries"?: string[];
}

interface EntryValues {
  blocked?: boolean;
  insecure?: boolean;
  location?: string;
  "mirror-by-digest-only"?: boolean;
  prefix?: string;
}

interface MirrorValues {
  insecure?: boolean;
  location?: string;
  "pull-from-mirror"?: string;
}

/** What a table has of some keys. */
function valuesOf(table: Table, keys: Keys, place: Place): Table {
  const values: Table = {};
  mergeTable(values, table, keys, place);
  return values;
}

function readDocument(file: string): { values: Values; document: Table; place: Place } {
  const text = readText(file);
  const document = withoutFirstForm(parseToml(text, file, bad), file);
  const tell = (what: string) => bad(file, what);
  const place: Place = { text, key: "", name: "", appending: new Set(), tell };
  return { values: valuesOf(document, DOCUMENT, place) as Values, document, place };
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    const reason = isErrno(error, "ENOENT") ? "no such file or directory" : reasonOf(error);
    throw bad(file, `open ${file}: ${reason}`);
  }
}

function merge(conf: RegistriesConf, file: string): void {
  const { values, document, place } = readDocument(file);
  const search = values["unqualified-search-registries"];
  if (search !== undefined) {
    conf.unqualifiedSearch = search.map((name) => parseSearch(name, file));
    conf.searchFile = file;
  }
  const { "credential-helpers": helpers = [], "short-name-mode": mode = "" } = values;
  if (helpers.length > 0) conf.credentialHelpers = helpers;
  if (mode !== "") {
    if (mode !== "enforcing" && mode !== "permissive" && mode !== "disabled")
      throw bad(file, `invalid short-name mode: ${JSON.stringify(mode)}`);
    conf.shortNameMode = mode;
  }
  mergeAliases(conf, values.aliases, file);
  const entries = readEntries(document, place, file);
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
function mergeAliases(conf: RegistriesConf, aliases: Values["aliases"], file: string): void {
  for (const [short, name] of Object.entries(aliases ?? {})) {
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

function readEntries(document: Table, place: Place, file: string): RegistryEntry[] {
  const read: RegistryEntry[] = [];
  let mirrors = 0;
  for (const { table, place: at } of tablesIn(document, "registry", "sysregistriesv2.Registry", place)) {
    const entry = readEntry(valuesOf(table, ENTRY, at), file);
    const ofEntry = tablesIn(table, "mirror", "sysregistriesv2.Endpoint", at, mirrors);
    mirrors += ofEntry.length;
    entry.mirrors = ofEntry.map((mirror) =>
      readMirror(valuesOf(mirror.table, MIRROR, mirror.place), entry, file),
    );
    read.push(entry);
  }
  return read;
}

function readEntry(values: EntryValues, file: string): RegistryEntry {
  let { prefix = "", location = "" } = values;
  if (prefix === "" && location === "")
    throw bad(file, "invalid condition: both location and prefix are unset");
  if (location === "" && !prefix.startsWith("*.")) {
    throw bad(file, "invalid condition: location is unset and prefix is not in the format: *.example.com");
  }
  if (location !== "") location = parseLocation(location, file);
  prefix = prefix === "" ? location : parseLocation(prefix, file);
  if (/^\*\..*[/@:]/.test(prefix)) {
    throw bad(
      file,
      `Wildcarded prefix should be in the format: *.example.com. Current prefix ${JSON.stringify(prefix)} is incorrectly formatted`,
    );
  }
  const { insecure = false, blocked = false, "mirror-by-digest-only": mirrorByDigestOnly = false } = values;
  return { prefix, location, insecure, blocked, mirrorByDigestOnly, mirrors: [] };
}

function readMirror(values: MirrorValues, entry: RegistryEntry, file: string): RegistryMirror {
  const { location = "", insecure = false, "pull-from-mirror": pullFrom = "" } = values;
  if (location === "") throw bad(file, "invalid condition: mirror location is unset");
  if (pullFrom !== "" && entry.mirrorByDigestOnly) {
    throw bad(
      file,
      `cannot set mirror usage mirror-by-digest-only for the registry (${JSON.stringify(entry.prefix)}) and pull-from-mirror for per-mirror (${JSON.stringify(location)}) at the same time`,
    );
  }
  if (pullFrom !== "" && pullFrom !== "all" && pullFrom !== "digest-only" && pullFrom !== "tag-only") {
    throw bad(
      file,
      `unsupported pull-from-mirror value ${JSON.stringify(pullFrom)} for mirror ${JSON.stringify(location)}`,
    );
  }
  return { location: parseLocation(location, file), insecure, pullFrom: pullFrom === "" ? "all" : pullFrom };
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

function strings(value: unknown, key: string, file: string): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw bad(file, `${key} is not an array of strings`);
}
