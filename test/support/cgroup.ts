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

/** Containers' cgroups go while they are looked at. */
function ifThere<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (["ENOENT", "ENODEV"].includes((error as NodeJS.ErrnoException).code as string)) return otherwise;
    throw error;
  }
}

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
  /** Made by as-user.sh, and to stay. */
  private readonly lasting: boolean;

  private constructor(directory: string, lasting: boolean) {
    this.directory = directory;
    this.lasting = lasting;
  }

  static create(name: string): HomeCgroup | undefined {
    const parent = delegatedCgroup();
    if (parent === undefined) return undefined;
    const cgroup = HomeCgroup.claim(join(parent, "homes")) ?? new HomeCgroup(join(parent, name), false);
    mkdirSync(cgroup.leaf, { recursive: true });
    const controllers = readFileSync(join(cgroup.directory, "cgroup.controllers"), "utf8").trim();
    for (const controller of controllers.split(" ").filter(Boolean)) {
      writeFileSync(join(cgroup.directory, "cgroup.subtree_control"), `+${controller}`);
    }
    return cgroup;
  }

  /**
   * A free one of those that as-user.sh made in a directory that isn't ours: the engine takes the topmost cgroup that it
   * may write to, and so puts the containers of each home into that home's cgroup.
   */
  private static claim(homes: string): HomeCgroup | undefined {
    for (const slot of existsSync(homes) ? readdirSync(homes, { withFileTypes: true }) : []) {
      if (!slot.isDirectory()) continue;
      const cgroup = new HomeCgroup(join(homes, slot.name), true);
      try {
        mkdirSync(cgroup.leaf);
        return cgroup;
      } catch {
        // somebody's
      }
    }
    return undefined;
  }

  /** Where the commands run; containers get cgroups beside it. */
  get leaf(): string {
    return join(this.directory, "cli");
  }

  processes(): number[] {
    return this.directories().flatMap((directory) =>
      ifThere(() => readFileSync(join(directory, "cgroup.procs"), "utf8"), "")
        .split("\n")
        .filter(Boolean)
        .map(Number),
    );
  }

  /** Whether anything is left in it, also what is dying and no longer listed. */
  get populated(): boolean {
    return /^populated 1$/m.test(readFileSync(join(this.directory, "cgroup.events"), "utf8"));
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
    for (const name of this.children().reverse()) rmdirSync(join(this.directory, name));
    // Last: who finds no leaf may take the slot.
    rmdirSync(this.leaf);
    if (!this.lasting) rmdirSync(this.directory);
  }

  /** Parents before children. */
  private directories(): string[] {
    const walk = (directory: string): string[] => [
      directory,
      ...ifThere(() => readdirSync(directory, { withFileTypes: true }), [])
        .filter((entry) => entry.isDirectory())
        .flatMap((entry) => walk(join(directory, entry.name))),
    ];
    return existsSync(this.directory) ? walk(this.directory) : [];
  }
}
