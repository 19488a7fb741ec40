import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf } from "../../errors.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { writeFileAtomic } from "../../host/files.ts";
import { createStaging } from "../../host/staging.ts";
import { kindOf } from "../../oci/quadlet/names.ts";
import { splitQuadlets } from "../../oci/quadlet/several.ts";
import { installDirectory } from "./directories.ts";
import { isList } from "./installed.ts";

export interface Installation {
  installed: string[];
  errors: EngineError[];
}

/**
 * Copies Quadlet files to where systemd's generator looks: one with what belongs to it, or all of a directory. A list
 * beside them says what belongs together. What is at a URL is fetched, a file with several Quadlets taken apart.
 */
export async function installQuadlets(
  ctx: Context,
  given: readonly string[],
  { replace }: { replace: boolean },
): Promise<Installation> {
  const staging = createStaging(ctx, "quadlet");
  try {
    const sources = await Promise.all(
      given.map((source, i) => fetched(source, path.join(staging.path, `${i}`))),
    );
    const directory = installDirectory(process.env, ctx.home);
    ensureDirectory(directory, 0o755);
    const result: Installation = { installed: [], errors: [] };
    const [first = "", ...others] = sources;
    if (path.extname(first) !== ".quadlets") installTogether(directory, sources, replace, result);
    else {
      const parts = takenApart(first, path.join(staging.path, "parts"));
      for (const [i, part] of parts.entries())
        installTogether(directory, i === 0 ? [part, ...others] : [part], replace, result);
    }
    return result;
  } finally {
    await staging.remove();
  }
}

/** A file with what is at a URL, of the name that the server gives or else the URL; other sources as they are. */
async function fetched(source: string, directory: string): Promise<string> {
  const { download, isUrl } = await import("../../registry/download.ts");
  if (!isUrl(source)) return source;
  if (!URL.canParse(source)) throw new EngineError("usage", `invalid URL ${source}`);
  fs.mkdirSync(directory);
  const downloaded = path.join(directory, ".download");
  const name = await download(source, downloaded);
  const file = path.join(directory, name ?? (path.posix.basename(new URL(source).pathname) || "index"));
  fs.renameSync(downloaded, file);
  return file;
}

/** A file for each Quadlet that it has. */
function takenApart(source: string, directory: string): string[] {
  statOf(source);
  fs.mkdirSync(directory);
  return splitQuadlets(fs.readFileSync(source, "utf8")).map(({ name, text }) => {
    const file = path.join(directory, name);
    fs.writeFileSync(file, text);
    return file;
  });
}

function installTogether(
  directory: string,
  sources: readonly string[],
  replace: boolean,
  result: Installation,
): void {
  const [first, ...others] = sources as [string, ...string[]];
  const isApp = statOf(first).isDirectory();
  const files = isApp ? [...filesIn(first), ...others] : sources;
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
}

function statOf(source: string): fs.Stats {
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
  if (/\p{Cc}/u.test(name) || isList(name)) {
    throw new EngineError(
      "usage",
      `quadlet to install ${JSON.stringify(source)} has a name that would be taken for a list`,
    );
  }
  const target = path.join(directory, name);
  if (!replace && fs.existsSync(target)) {
    throw new EngineError("exists", `a Quadlet with name ${name} already exists, refusing to overwrite`, {
      hint: "--replace writes over it",
    });
  }
  writeFileAtomic(target, fs.readFileSync(source), { mode: 0o644 });
  return target;
}
