import * as fs from "node:fs";
import { EngineError, reasonOf } from "../errors.ts";
import { type Environment, parseEnvFile, parseEnvFlags } from "../oci/env.ts";

/** The variables of --env-file and --env, in which names alone stand for the caller's values; --env counts more. */
export function hostEnv(flags: readonly string[], files: readonly string[]): Environment {
  const env: Environment = {};
  for (const file of files) Object.assign(env, parseEnvFile(readText(file), process.env, file));
  return Object.assign(env, parseEnvFlags(flags, process.env));
}

/** A file named by a flag. */
export function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (cause) {
    throw new EngineError("unreadable-file", `open ${file}: ${reasonOf(cause)}`, { cause });
  }
}
