import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { kindOf } from "../../oci/quadlet/names.ts";
import { installDirectory } from "./directories.ts";
import { appsOf, filesOf, findQuadlet, findQuadlets } from "./installed.ts";
import { serviceStates, systemctl } from "./services.ts";

export interface RemoveQuadlets {
  all: boolean;
  force: boolean;
  ignore: boolean;
}

/** Removes Quadlet files with all that was installed with them; services that run are stopped, or refuse it. */
export function removeQuadlets(
  ctx: Context,
  names: readonly string[],
  { all, force, ignore }: RemoveQuadlets,
): { removed: string[]; errors: EngineError[] } {
  const directory = installDirectory(process.env, ctx.home);
  const removed: string[] = [];
  const errors: EngineError[] = [];
  const attempt = (name: string, remove: () => void) => {
    try {
      remove();
      removed.push(name);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (ignore && error.code === "no-such-quadlet") removed.push(name);
      else errors.push(error);
    }
  };
  const apps = appsOf(ctx);
  const wanted = new Set(all ? findQuadlets(ctx).map(({ name }) => name) : withoutApps(names, apps));
  const lists = new Set<string>();
  for (const name of wanted) {
    const list = apps.get(name);
    if (!list) continue;
    lists.add(list);
    for (const file of quadletsOf(path.join(directory, list))) wanted.add(file);
  }
  for (const name of wanted) {
    attempt(name, () => {
      const { file, service } = findQuadlet(ctx, name);
      if (service !== undefined) stop(name, service, force);
      fs.rmSync(file, { force: true });
    });
  }
  for (const list of lists) {
    // What still runs needs its files.
    if (quadletsOf(path.join(directory, list)).length > 0) continue;
    for (const file of filesOf(path.join(directory, list)))
      fs.rmSync(path.join(directory, file), { force: true });
    fs.rmSync(path.join(directory, list), { force: true });
  }
  return { removed, errors };
}

/** Those of a list that are still there. */
function quadletsOf(list: string): string[] {
  const isThere = (file: string) => fs.existsSync(path.join(path.dirname(list), file));
  return filesOf(list).filter((file) => kindOf(file) && isThere(file));
}

/** `.shop.app` stands for the Quadlets that were installed with it. */
export function withoutApps(names: readonly string[], apps: ReadonlyMap<string, string>): string[] {
  return names.flatMap((name) => {
    const files = [...apps].filter(([file, app]) => app === name && kindOf(file)).map(([file]) => file);
    return files.length > 0 ? files : [name];
  });
}

function stop(name: string, service: string, force: boolean): void {
  const running = [...serviceStates([service])]
    .filter(([, { load, active }]) => load === "loaded" && active === "active")
    .map(([unit]) => unit);
  if (running.length === 0) return;
  if (!force) {
    throw new EngineError(
      "running",
      `quadlet ${name} is running and force is not set, refusing to remove: quadlet running`,
      {
        hint: `\`systemctl --user stop ${running.join(" ")}\`, or --force`,
      },
    );
  }
  systemctl(`stopping quadlet ${name}`, ["stop", ...running]);
}
