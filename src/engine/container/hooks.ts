import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { type HookFacts, matchingHooks, parseHook, type RuntimeHooks } from "../../oci/hooks.ts";

const DEFAULT_DIRECTORIES = ["/usr/share/containers/oci/hooks.d"];

/** The hooks of the machine that concern a container (oci-hooks(5)); undefined where there are none. */
export function containerHooks(ctx: Context, facts: HookFacts): RuntimeHooks | undefined {
  const directories = ctx.options.hooksDirectories ?? ctx.config.engine.hooks_dir ?? DEFAULT_DIRECTORIES;
  // A file of a later directory takes the place of one with its name.
  const files = new Map(directories.flatMap((directory) => hookFiles(directory)));
  if (files.size === 0) return undefined;
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return matchingHooks(
    sorted.map(([, file]) => parseHook(readHook(file), file)),
    facts,
  );
}

function hookFiles(directory: string): [string, string][] {
  try {
    const names = fs.readdirSync(directory).filter((name) => name.endsWith(".json"));
    return names.map((name) => [name, path.join(directory, name)]);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw new EngineError("bad-hook", `parsing hooks in ${directory}: ${reasonOf(error)}`, { cause: error });
  }
}

function readHook(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new EngineError("bad-hook", `parsing hook "${file}": ${reasonOf(error)}`, { cause: error });
  }
}
