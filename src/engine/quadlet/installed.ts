import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { listDirectory } from "../../host/files.ts";
import { groups, type Kind, kindOf, serviceStem } from "../../oci/quadlet/names.ts";
import { UnitFile } from "../../oci/quadlet/unit-file.ts";
import { installDirectory, unitDirectories } from "./directories.ts";
import { isTemplate, loadedTemplates, serviceStates } from "./services.ts";

export interface InstalledQuadlet {
  Name: string;
  UnitName: string;
  Path: string;
  Status: string;
  /** The list of the files with which it was installed, and is removed. */
  App: string;
}

/** Every Quadlet file of the user's, and the service that it becomes. */
export function findQuadlets(ctx: Context): { name: string; file: string; service: string | undefined }[] {
  const found = new Map<string, string>();
  for (const directory of unitDirectories(ctx.uid, process.env, ctx.home)) {
    for (const name of listDirectory(directory).filter(kindOf)) {
      if (!found.has(name)) found.set(name, path.join(directory, name));
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, file]) => ({ name, file, service: serviceOf(name, file) }));
}

/** Undefined where the file can't be read. */
function serviceOf(name: string, file: string): string | undefined {
  const kind = kindOf(name) as Kind;
  try {
    const unit = UnitFile.parse(fs.readFileSync(file, "utf8"), file);
    return `${serviceStem(name, kind, unit.get(groups[kind], "ServiceName"))}.service`;
  } catch {
    return undefined;
  }
}

export function findQuadlet(
  ctx: Context,
  name: string,
): { name: string; file: string; service: string | undefined } {
  if (!kindOf(name)) {
    throw new EngineError("usage", `"${path.extname(name)}" is not a supported quadlet file type`);
  }
  const found = findQuadlets(ctx).find((each) => each.name === name);
  if (found) return found;
  throw new EngineError(
    "no-such-quadlet",
    `could not locate quadlet "${name}" in any supported quadlet directory: no such quadlet`,
    { hint: "`coracle quadlet list` shows those that there are" },
  );
}

export function printQuadlet(ctx: Context, name: string): string {
  const { file } = findQuadlet(ctx, name);
  try {
    return fs.readFileSync(file, "utf8");
  } catch (cause) {
    throw new EngineError("unreadable-unit", `reading quadlet "${file}" contents: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

export function listQuadlets(ctx: Context, filters: readonly string[]): InstalledQuadlet[] {
  const tests = filters.map(filterTest);
  const quadlets = findQuadlets(ctx);
  const services = quadlets.flatMap(({ service }) => service ?? []);
  const states = serviceStates(services);
  const templates = loadedTemplates(services);
  const statusOf = (service: string) => {
    if (templates.has(service)) return "loaded template";
    const state = isTemplate(service) ? undefined : states.get(service);
    return state?.load === "loaded" ? `${state.active}/${state.sub}` : "Not loaded";
  };
  const apps = appsOf(ctx);
  const all = quadlets.map(({ name, file, service }) => {
    const status = service === undefined ? "Not loaded" : statusOf(service);
    return { Name: name, UnitName: service ?? "", Path: file, Status: status, App: apps.get(name) ?? "" };
  });
  return all.filter((quadlet) => tests.every((test) => test(quadlet)));
}

function filterTest(filter: string): (quadlet: InstalledQuadlet) => boolean {
  const [, key, value] = /^([^=]*)=(.*)$/s.exec(filter) ?? [];
  if (key === undefined || value === undefined) throw new EngineError("usage", `invalid filter "${filter}"`);
  if (key !== "name" && key !== "status") throw new EngineError("usage", `${key} is not a valid filter`);
  // `test*` is meant as in a shell, and works as an expression too.
  let pattern: RegExp;
  try {
    pattern = new RegExp(value);
  } catch (cause) {
    throw new EngineError("usage", `invalid filter "${filter}": ${reasonOf(cause)}`, { cause });
  }
  return ({ Name, Status }) => pattern.test(key === "name" ? Name : Status);
}

/** Which list names a file. */
export function appsOf(ctx: Context): Map<string, string> {
  const apps = new Map<string, string>();
  const directory = installDirectory(process.env, ctx.home);
  for (const list of listDirectory(directory).filter(isList)) {
    for (const file of filesOf(path.join(directory, list))) apps.set(file, list);
    // `.web.container.asset` has what was installed beside web.container.
    if (list.endsWith(".asset")) apps.set(list.slice(1, -".asset".length), list);
  }
  return apps;
}

/** Whether a file of that name says what was installed together; its lines are names. */
export function isList(name: string): boolean {
  return /^\..*\.(app|asset)$/s.test(name);
}

/** Only names: a list that was tampered with must not lead elsewhere. */
export function filesOf(list: string): string[] {
  return fs
    .readFileSync(list, "utf8")
    .split("\n")
    .filter((line) => line !== "" && line !== "." && line !== ".." && !line.includes("/"));
}
