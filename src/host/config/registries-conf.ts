import { EngineError } from "../../errors.ts";
import type { RegistriesConf, RegistryEntry, RegistryMirror } from "../../oci/registries.ts";
import { isTable, readToml, type Table } from "./toml.ts";

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
  };
  for (const file of files) merge(conf, file);
  if (learnt !== undefined) mergeAliases(conf, readFile(learnt), learnt);
  return conf;
}

function readFile(file: string): Table {
  try {
    return readToml(file);
  } catch (error) {
    throw error instanceof EngineError ? bad(file, error.message) : error;
  }
}

function merge(conf: RegistriesConf, file: string): void {
  const document = readFile(file);
  if (isTable(document["registries"])) {
    throw bad(file, "version 1 of the format ([registries.search] and so on) is not supported", {
      hint: "write unqualified-search-registries and [[registry]] (containers-registries.conf(5))",
    });
  }
  const search = document["unqualified-search-registries"];
  if (search !== undefined) {
    conf.unqualifiedSearch = strings(search, "unqualified-search-registries", file).map((name) =>
      parseLocation(name, file),
    );
    conf.searchFile = file;
  }
  const mode = text(document, "short-name-mode", file);
  if (mode !== "") {
    if (mode !== "enforcing" && mode !== "permissive" && mode !== "disabled")
      throw bad(file, `invalid short-name mode: ${JSON.stringify(mode)}`);
    conf.shortNameMode = mode;
  }
  mergeAliases(conf, document, file);
  const entries = tables(document, "registry", file).map((table) => readEntry(table, file));
  checkConflicts(entries, file);
  for (const entry of entries) {
    conf.registries = [...conf.registries.filter(({ prefix }) => prefix !== entry.prefix), entry];
  }
}

/** An alias for "" takes away one of a weaker file. */
function mergeAliases(conf: RegistriesConf, document: Table, file: string): void {
  const aliases = document["aliases"] ?? {};
  if (!isTable(aliases)) throw bad(file, "aliases is not a table");
  for (const [short, name] of Object.entries(aliases)) {
    if (typeof name !== "string") throw bad(file, `the alias ${JSON.stringify(short)} is not a string`);
    if (/[:@]/.test(short) || /^[^/]*\.[^/]*\//.test(short))
      throw bad(
        file,
        `invalid short-name alias ${JSON.stringify(short)}: must not contain a registry, tag or digest`,
      );
    if (name === "") delete conf.aliases[short];
    else conf.aliases[short] = { name: checkAliasValue(name, file), file };
  }
}

function checkAliasValue(name: string, file: string): string {
  const host = name.split("/", 1)[0] as string;
  if (!name.includes("/") || !(/[.:]/.test(host) || host === "localhost"))
    throw bad(file, `invalid alias value ${JSON.stringify(name)}: must contain registry and repository`);
  return name;
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

function bad(file: string, what: string, options: { hint?: string } = {}): EngineError {
  return new EngineError(
    "bad-config",
    `loading registries configuration ${JSON.stringify(file)}: ${what}`,
    options,
  );
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
