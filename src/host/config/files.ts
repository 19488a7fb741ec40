import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../../errors.ts";

/** Where configuration files lie: of the distribution, of the machine, of the user. */
const SHARED = "/usr/share/containers";
const SYSTEM = "/etc/containers";

/** `$XDG_CONFIG_HOME/containers` of the caller; undefined where no home is known. */
function userDirectory(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const base = env.XDG_CONFIG_HOME || (env.HOME && path.join(env.HOME, ".config"));
  return base ? path.join(base, "containers") : undefined;
}

function isRoot(env: NodeJS.ProcessEnv): boolean {
  return env.CORACLE_UID === "0";
}

/** Directories in which a file of the configuration may lie, the strongest last. */
function directories(env: NodeJS.ProcessEnv): string[] {
  const user = isRoot(env) ? undefined : userDirectory(env);
  return [SHARED, SYSTEM, ...(user ? [user] : [])];
}

/** Where `name` may lie, the strongest first. */
export function candidates(name: string, env: NodeJS.ProcessEnv = process.env): string[] {
  return directories(env)
    .map((directory) => path.join(directory, name))
    .reverse();
}

/** The same without what is the user's. */
export function machineCandidates(name: string): string[] {
  return [path.join(SYSTEM, name), path.join(SHARED, name)];
}

/** The mounts.conf files there are: what all of them name is mounted. */
export function mountsFiles(env: NodeJS.ProcessEnv = process.env): string[] {
  return candidates("mounts.conf", env).filter((file) => fs.existsSync(file));
}

export function firstExisting(files: readonly string[]): string | undefined {
  return files.find((file) => fs.existsSync(file));
}

/** The containers.conf files to read, the weakest first (containers.conf(5)). */
export interface ContainersConfFiles {
  system: readonly string[];
  /** Modules, and what CONTAINERS_CONF_OVERRIDE names. */
  additional: readonly string[];
}

export function containersConfFiles(
  modules: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
  etc = SYSTEM,
): ContainersConfFiles {
  const { CONTAINERS_CONF: only, CONTAINERS_CONF_OVERRIDE: last } = env;
  const user = isRoot(env) ? undefined : userDirectory(env);
  const system = only
    ? [named(only, "finding config on system: CONTAINERS_CONF")]
    : [
        ...existing(path.join(SHARED, "containers.conf")),
        ...fileAndDropIns(path.join(etc, "containers.conf")),
        ...(isRoot(env) ? [] : ofAllUsers(etc, env)),
        ...(user ? fileAndDropIns(path.join(user, "containers.conf")) : []),
      ];
  const additional = modules.map((name) => findModule(name, env));
  if (last) additional.push(named(last, "CONTAINERS_CONF_OVERRIDE"));
  return {
    system: system.map((file) => path.resolve(file)),
    additional: additional.map((file) => path.resolve(file)),
  };
}

/** What the machine has for ordinary users, and for one of them. */
function ofAllUsers(etc: string, env: NodeJS.ProcessEnv): string[] {
  const file = path.join(etc, "containers.rootless.conf");
  return [...fileAndDropIns(file), ...dropIns(path.join(`${file}.d`, env.CORACLE_UID ?? ""))];
}

function fileAndDropIns(file: string): string[] {
  return [...existing(file), ...dropIns(`${file}.d`)];
}

/** What a variable names has to be there. */
function named(file: string, variable: string): string {
  if (fs.existsSync(file)) return file;
  throw new EngineError("bad-config", `${variable} file: faccessat ${file}: no such file or directory`);
}

function existing(file: string): string[] {
  return fs.existsSync(file) ? [file] : [];
}

function dropIns(directory: string): string[] {
  try {
    const files = fs.readdirSync(directory, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    const names = files.map(({ name }) => name).filter((name) => name.endsWith(".conf"));
    return names.sort().map((name) => path.join(directory, name));
  } catch {
    return []; // not there, or not for us
  }
}

const MODULES = "containers.conf.modules";

/** What --module may name. */
export function moduleNames(env: NodeJS.ProcessEnv = process.env): string[] {
  const names = candidates(MODULES, env).flatMap((directory) => {
    try {
      return fs.readdirSync(directory).sort();
    } catch {
      return []; // not there, or not for us
    }
  });
  return [...new Set(names)];
}

/** A file in one of the module directories, or anywhere by its absolute path. */
function findModule(name: string, env: NodeJS.ProcessEnv): string {
  const places = path.isAbsolute(name) ? [name] : candidates(path.join(MODULES, name), env);
  const found = firstExisting(places);
  if (found) return found;
  throw new EngineError(
    "no-module",
    `could not resolve module "${name}": stat ${places[0]}: no such file or directory`,
    { hint: `modules are looked for as ${places.join(", ")}` },
  );
}

/** The storage.conf to read: there is only one. */
export function storageConfFile(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.CONTAINERS_STORAGE_CONF) return path.resolve(env.CONTAINERS_STORAGE_CONF);
  return firstExisting(candidates("storage.conf", env));
}

/**
 * The files of registries.conf (containers-registries.conf(5)): a user's own takes the place of the machine's with its
 * drop-ins; CONTAINERS_REGISTRIES_CONF only that of the main file.
 */
export function registriesConfFiles(env: NodeJS.ProcessEnv = process.env): {
  main: string;
  directories: string[];
  files: string[];
  learnt: string | undefined;
} {
  const given = env.CONTAINERS_REGISTRIES_CONF || env.REGISTRIES_CONFIG_PATH;
  const user = isRoot(env) ? undefined : userDirectory(env);
  const own = user && !given ? existing(path.join(user, "registries.conf"))[0] : undefined;
  const main = given ? path.resolve(given) : (own ?? path.join(SYSTEM, "registries.conf"));
  const directories = [...(own ? [] : [SYSTEM]), ...(user ? [user] : [])].map((directory) =>
    path.join(directory, "registries.conf.d"),
  );
  const cache = env.XDG_CACHE_HOME || (env.HOME && path.join(env.HOME, ".cache"));
  return {
    main,
    directories,
    files: [...(given ? [main] : existing(main)), ...directories.flatMap(dropIns)],
    learnt: cache ? existing(path.join(cache, "containers/short-name-aliases.conf"))[0] : undefined,
  };
}

export function readConfigFile(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    const what = isErrno(error, "EISDIR")
      ? `read ${file}: is a directory`
      : `open ${file}: ${reasonOf(error)}`;
    throw new EngineError("bad-config", what, { cause: error });
  }
}
