import { mergeWords } from "./env-merge.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";

export type Environment = Record<string, string>;

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Programs ask for this variable to see that they run in a container; scripts and systemd know Podman's value. */
const CONTAINER = "podman";

/**
 * Values of `-e`: `KEY=VALUE`, `KEY` (the host's value, nothing where the host has none), `PREFIX*` (all of the host's
 * that begin so).
 */
export function parseEnvFlags(flags: readonly string[], host: NodeJS.ProcessEnv): Environment {
  const env: Environment = {};
  for (const flag of flags) addVariable(env, flag, host);
  return env;
}

/** Text of an --env-file: a variable a line as with -e, comments (#) and empty lines left out; no quoting. */
export function parseEnvFile(text: string, host: NodeJS.ProcessEnv): Environment {
  const env: Environment = {};
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r$/, "").replace(/^[ \t]+/, "");
    if (line === "" || line.startsWith("#")) continue;
    addVariable(env, line, host);
  }
  return env;
}

function addVariable(env: Environment, text: string, host: NodeJS.ProcessEnv): void {
  const [name, given] = keyAndValue(text);
  const key = name.replace(/^[ \t]+/, "");
  if (key === "") throw invalid(`invalid variable: "${text}"`);
  if (given !== undefined) {
    env[key] = given;
  } else if (key.endsWith("*")) {
    Object.assign(env, withPrefix(host, key.slice(0, -1)));
  } else {
    const value = host[key];
    if (value !== undefined) env[key] = value;
  }
}

function withPrefix(host: NodeJS.ProcessEnv, prefix: string): Environment {
  const entries = Object.entries(host).filter(
    ([key, value]) => value !== undefined && key.startsWith(prefix),
  );
  return Object.fromEntries(entries) as Environment;
}

const PROXY_VARIABLES = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy"].flatMap((v) => [
  v,
  v.toUpperCase(),
]);

/** The host's proxy settings, which containers are given unless --http-proxy=false. */
export function proxyVariables(host: NodeJS.ProcessEnv): Environment {
  return Object.fromEntries(
    PROXY_VARIABLES.flatMap((name) => (host[name] === undefined ? [] : [[name, host[name]]])),
  );
}

export interface EnvSources {
  terminal: boolean;
  /** From proxyVariables, {} with --http-proxy=false. */
  proxies?: Environment;
  /** Config.Env of the image. */
  image?: readonly string[];
  /** The whole host environment with --env-host. */
  host?: Environment;
  files?: Environment;
  flags?: Environment;
  /** --env-merge: of defaults and image. */
  merge?: readonly string[];
  /** --unsetenv and --unsetenv-all: of defaults and image, not of what was asked for. */
  unset?: readonly string[];
  unsetAll?: boolean;
}

/** A container's environment: defaults < image < proxies < host < files < flags. */
export function mergeEnv(sources: EnvSources): Environment {
  const env: Environment = { PATH: DEFAULT_PATH, container: CONTAINER };
  if (sources.terminal) env.TERM = "xterm";
  Object.assign(env, parseImageEnv(sources.image ?? []));
  for (const name of sources.unsetAll ? Object.keys(env) : (sources.unset ?? [])) delete env[name];
  Object.assign(env, mergeWords(env, sources.merge ?? []));
  return Object.assign(env, sources.proxies, sources.host, sources.files, sources.flags);
}

function parseImageEnv(lines: readonly string[]): Environment {
  const pairs = lines.map(keyAndValue).map(([key, value = ""]) => [key, value] as const);
  return Object.fromEntries(pairs.filter(([key]) => key));
}

/** The environment of a process in a container as `KEY=VALUE`; HOME and HOSTNAME are only filled in. */
export function processEnv(env: Environment, defaults: { home: string; hostname: string }): string[] {
  const full: Environment = { ...env };
  full.HOME ??= defaults.home;
  full.HOSTNAME ??= defaults.hostname;
  return Object.entries(full).map(([key, value]) => `${key}=${value}`);
}
