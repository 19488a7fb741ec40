import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf, rephrase } from "../errors.ts";
import { callerEnvironment } from "../host/caller-environment.ts";
import { type Environment, parseEnvFile, parseEnvFlags } from "../oci/env.ts";
import { pathMatcher } from "../oci/path-match.ts";

/** The variables of --env-file and --env, in which names alone stand for the caller's values; --env counts more. */
export function hostEnv(flags: readonly string[], files: readonly string[]): Environment {
  const env: Environment = {};
  const host = callerEnvironment();
  for (const file of files) {
    try {
      Object.assign(env, parseEnvFile(readText(file), host));
    } catch (error) {
      throw rephrase(error, { prefix: `parsing file ${JSON.stringify(file)}: `, exitCode: 125 });
    }
  }
  return Object.assign(env, parseEnvFlags(flags, host));
}

/** A file named by a flag. */
export function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (cause) {
    throw new EngineError("unreadable-file", `open ${file}: ${reasonOf(cause)}`, { cause });
  }
}

/** The paths that match an absolute pattern, sorted, as Go's filepath.Glob finds them. */
export function expandGlob(pattern: string): string[] {
  return pattern
    .split("/")
    .filter(Boolean)
    .reduce<string[]>((directories, part) => directories.flatMap((at) => matchesIn(at, part)), ["/"]);
}

function matchesIn(directory: string, part: string): string[] {
  if (!/[*?[\\]/.test(part)) {
    const file = path.join(directory, part);
    return fs.existsSync(file) ? [file] : [];
  }
  const matches = pathMatcher(part);
  if (!matches) throw new EngineError("invalid-argument", "syntax error in pattern");
  try {
    const names = fs.readdirSync(directory).filter(matches).sort();
    return names.map((name) => path.join(directory, name));
  } catch {
    return []; // not a directory, or not ours to read
  }
}
