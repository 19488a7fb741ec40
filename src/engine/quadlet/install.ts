import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf } from "../../errors.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { writeFileAtomic } from "../../host/files.ts";
import { kindOf } from "../../oci/quadlet/names.ts";
import { installDirectory } from "./directories.ts";

export interface Installation {
  installed: string[];
  errors: EngineError[];
}

/**
 * Copies Quadlet files to where systemd's generator looks: one with what belongs to it, or all of a directory. A list
 * beside them says what belongs together.
 */
export function installQuadlets(
  ctx: Context,
  sources: readonly string[],
  { replace }: { replace: boolean },
): Installation {
  const directory = installDirectory(process.env, ctx.home);
  ensureDirectory(directory, 0o755);
  const [first, ...others] = sources as [string, ...string[]];
  const isApp = statOf(first).isDirectory();
  const files = isApp ? [...filesIn(first), ...others] : sources;
  const result: Installation = { installed: [], errors: [] };
  const done: string[] = [];
  for (const [index, source] of files.entries()) {
    try {
      if (!isApp && index === 0) checkKind(source);
      const target = copy(source, directory, replace);
      result.installed.push(target);
      done.push(path.basename(target));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      result.errors.push(error);
    }
  }
  const list = isApp ? `.${path.basename(path.resolve(first))}.app` : `.${path.basename(first)}.asset`;
  const listed = isApp ? done : done.filter((name) => name !== path.basename(first));
  if (listed.length > 0)
    writeFileAtomic(path.join(directory, list), `${listed.join("\n")}\n`, { mode: 0o644 });
  return result;
}

function statOf(source: string): fs.Stats {
  if (/^https?:\/\//.test(source)) {
    throw new EngineError("not-supported", `installing ${source}: URLs are not supported yet`, {
      hint: "download the file first",
    });
  }
  try {
    return fs.statSync(source);
  } catch (cause) {
    throw new EngineError("no-such-file", `unable to stat Quadlet path ${source}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function filesIn(directory: string): string[] {
  return fs
    .readdirSync(directory)
    .sort()
    .map((name) => path.join(directory, name));
}

function checkKind(source: string): void {
  if (kindOf(path.basename(source))) return;
  throw new EngineError("usage", `"${path.extname(source)}" is not a supported Quadlet file type`);
}

function copy(source: string, directory: string, replace: boolean): string {
  if (statOf(source).isDirectory()) {
    throw new EngineError("usage", `quadlet to install "${source}" is not a file`);
  }
  const name = path.basename(source);
  const target = path.join(directory, name);
  if (!replace && fs.existsSync(target)) {
    throw new EngineError("exists", `a Quadlet with name ${name} already exists, refusing to overwrite`, {
      hint: "--replace writes over it",
    });
  }
  writeFileAtomic(target, fs.readFileSync(source), { mode: 0o644 });
  return target;
}
