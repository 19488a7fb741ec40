import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Where a user's Quadlet files are; of two with one name that in the first directory counts. Also those that are not
 * there, since it is told where nothing was found.
 */
export function unitDirectories(
  uid: number,
  env: NodeJS.ProcessEnv,
  home: string,
  warn: (text: string) => void = () => {},
): string[] {
  const { QUADLET_UNIT_DIRS: given, XDG_RUNTIME_DIR: runtime } = env;
  const found = new Set<string>();
  if (given) {
    for (const directory of given.split(":")) {
      if (!path.isAbsolute(directory)) {
        warn(`${directory} not a valid file path`);
        break;
      }
      walk(directory, found);
    }
    return [...found];
  }
  if (runtime) walk(path.join(runtime, "containers/systemd"), found);
  walk(installDirectory(env, home), found);
  for (const base of ["/etc/containers/systemd/users", "/usr/share/containers/systemd/users"]) {
    walk(path.join(base, `${uid}`), found);
    // Below it are also the directories of single users, which have their numbers as names.
    walk(base, found, (name) => !/^\d+$/.test(name));
  }
  return [...found];
}

/** Where `quadlet install` puts them. */
export function installDirectory(env: NodeJS.ProcessEnv, home: string): string {
  return path.join(env.XDG_CONFIG_HOME || path.join(home, ".config"), "containers/systemd");
}

/** The directory and those below it, links followed once; those of drop-ins belong to their files. */
function walk(directory: string, found: Set<string>, wanted: (name: string) => boolean = () => true): void {
  let real: string;
  let entries: fs.Dirent[];
  try {
    real = fs.realpathSync(directory);
    entries = fs.readdirSync(real, { withFileTypes: true });
  } catch {
    found.add(directory); // not there, or no directory
    return;
  }
  if (found.has(real)) return;
  found.add(real);
  // In the order of their names: of files called the same the first one counts.
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const below = path.join(real, entry.name);
    const mayBe = entry.isDirectory() || (entry.isSymbolicLink() && isDirectory(below));
    if (mayBe && !entry.name.endsWith(".d") && wanted(entry.name)) walk(below, found);
  }
}

function isDirectory(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
