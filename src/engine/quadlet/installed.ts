import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { listDirectory } from "../../host/files.ts";
import { keyAndValue } from "../../oci/key-value.ts";
import { groups, type Kind, kindOf, serviceStem } from "../../oci/quadlet/names.ts";
import { UnitFile } from "../../oci/quadlet/unit-file.ts";
import { installDirectory, unitDirectories } from "./directories.ts";
import { isTemplate, loadedTemplates, serviceStates } from "./services.ts";

export interface InstalledQuadlet {
  Name: string;
  UnitName: string;
  Path: string;
  Status: string;
  /** The list of the application's files with which it was installed, and is removed. */
  App: string;
}

export interface FoundQuadlet {
  name: string;
  file: string;
  /** What it becomes; undefined where the file can't be read, for a reason. */
  service: string | undefined;
  problem?: string;
}

/** Every Quadlet file of the user's. */
export function findQuadlets(ctx: Context): FoundQuadlet[] {
  const found = new Map<string, string>();
  for (const directory of unitDirectories(ctx.uid, process.env, ctx.home)) {
    for (const name of listDirectory(directory).filter(kindOf)) {
      if (!found.has(name)) found.set(name, path.join(directory, name));
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, file]) => ({ name, file, ...serviceOf(name, file) }));
}

function serviceOf(name: string, file: string): Pick<FoundQuadlet, "service" | "problem"> {
  const kind = kindOf(name) as Kind;
  try {
    const unit = UnitFile.parse(fs.readFileSync(file, "utf8"), file);
    return { service: `${serviceStem(name, kind, unit.get(groups[kind], "ServiceName"))}.service` };
  } catch (error) {
    return { service: undefined, problem: `parsing Quadlet file ${file}: ${reasonOf(error)}` };
  }
}

export function findQuadlet(ctx: Context, name: string): FoundQuadlet {
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
  const tests = filterTests(filters);
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
  const all = quadlets.map(({ name, file, service, problem = "" }) => {
    const status = service === undefined ? problem : statusOf(service);
    const list = apps.get(name) ?? "";
    const App = list.endsWith(".app") ? list : "";
    return { Name: name, UnitName: service ?? "", Path: file, Status: status, App };
  });
  return all.filter((quadlet) => tests.every((test) => test(quadlet)));
}

/** Of several values for one key any may fit. `test*` is meant as in a shell, and works as an expression too. */
function filterTests(filters: readonly string[]): ((quadlet: InstalledQuadlet) => boolean)[] {
  const values = new Map<string, string[]>();
  for (const filter of filters) {
    const [key, value] = keyAndValue(filter);
    if (value === undefined) throw new EngineError("usage", `invalid filter "${filter}"`);
    if (key !== "name" && key !== "status") throw new EngineError("usage", `${key} is not a valid filter`);
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  return [...values].map(([key, patterns]) => ({ Name, Status }) => {
    return patterns.some((pattern) => matches(pattern, key === "name" ? Name : Status));
  });
}

/** What is no expression fits nothing, as Podman has it. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}

/**
 * The list with which a file goes: of an application, all of it; of a Quadlet that others were installed beside
 * (`.web.container.asset`), only that Quadlet.
 */
export function appsOf(ctx: Context): Map<string, string> {
  const apps = new Map<string, string>();
  const directory = installDirectory(process.env, ctx.home);
  for (const list of listDirectory(directory).filter(isList)) {
    if (list.endsWith(".asset")) apps.set(list.slice(1, -".asset".length), list);
    else for (const file of filesOf(path.join(directory, list))) apps.set(file, list);
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
