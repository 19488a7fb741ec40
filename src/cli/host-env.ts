import * as fs from "node:fs";
import { EngineError } from "../errors.ts";
import { parseEnvFile, parseEnvFlags } from "../oci/env.ts";

/** The variables that --env-file and --env ask for; the latter win. */
export function hostEnv(flags: readonly string[], files: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const file of files) {
    let text: string;
    try {
      text = fs.readFileSync(file, "utf8");
    } catch (cause) {
      throw new EngineError("no-env-file", `open ${file}: no such file or directory`, {
        hint: "--env-file takes the path of a file with KEY=VALUE lines",
        cause,
      });
    }
    Object.assign(env, parseEnvFile(text, process.env, file));
  }
  return Object.assign(env, parseEnvFlags(flags, process.env));
}
