/** The delegated cgroup in which the tests run: `…/runner` is the leaf of vitest itself, everything else lies beside it. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

const MOUNT = "/sys/fs/cgroup";

/** The cgroup above our own, when it is ours; undefined elsewhere than under cgroup v2. */
export function delegatedCgroup(): string | undefined {
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  if (own === undefined || own === "/" || !existsSync(join(MOUNT, "cgroup.controllers"))) return undefined;
  const parent = dirname(join(MOUNT, own));
  try {
    accessSync(join(parent, "cgroup.procs"), constants.W_OK);
    return parent;
  } catch {
    return undefined;
  }
}

/** One cgroup per test home, so that whatever a home started can be found and ended. */
export class HomeCgroup {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static create(name: string): HomeCgroup | undefined {
    const parent = delegatedCgroup();
    if (parent === undefined) return undefined;
    const cgroup = new HomeCgroup(join(parent, name));
    mkdirSync(cgroup.leaf, { recursive: true });
    const controllers = readFileSync(join(cgroup.directory, "cgroup.controllers"), "utf8").trim();
    for (const controller of controllers.split(" ").filter(Boolean)) {
      writeFileSync(join(cgroup.directory, "cgroup.subtree_control"), `+${controller}`);
    }
    return cgroup;
  }

  /** Where the commands run; containers get cgroups beside it. */
  get leaf(): string {
    return join(this.directory, "cli");
  }

  processes(): number[] {
    return this.directories().flatMap((directory) =>
      readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number),
    );
  }

  /** Cgroups that the engine made, relative to ours. */
  children(): string[] {
    const own = [this.directory, this.leaf];
    return this.directories()
      .filter((directory) => !own.includes(directory))
      .map((directory) => directory.slice(this.directory.length + 1));
  }

  kill(): void {
    writeFileSync(join(this.directory, "cgroup.kill"), "1");
  }

  remove(): void {
    for (const directory of this.directories().reverse()) rmdirSync(directory);
  }

  /** Parents before children. */
  private directories(): string[] {
    const walk = (directory: string): string[] => [
      directory,
      ...readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .flatMap((entry) => walk(join(directory, entry.name))),
    ];
    return existsSync(this.directory) ? walk(this.directory) : [];
  }
}
