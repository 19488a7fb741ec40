/** What one file system tree has changed of another, as `diff` lists it. */

/** As `coracle-layer list` tells it. */
export interface TreeEntry {
  /** Without a slash at the beginning. */
  path: string;
  type: "file" | "directory" | "symlink" | "device" | "fifo" | "socket" | "whiteout";
  /** With the type. */
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: string;
  device?: number;
  opaque?: boolean;
}

export interface Change {
  kind: "A" | "C" | "D";
  /** Absolute. */
  path: string;
}

/** What is mounted over in every container: that it is there is no change of anybody's. */
const mountPoints = new Set([
  ...["/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/mtab", "/proc", "/run", "/run/notify"],
  ...["/run/.containerenv", "/run/podman-init", "/run/secrets", "/sys"],
]);

function isSomebodys({ path }: Change): boolean {
  return !mountPoints.has(path);
}

/**
 * What a layer does to those below it, in Podman's order: that of the walk, but a directory that is only on the way to a
 * change comes right before the first one.
 */
export function layerChanges(layer: readonly TreeEntry[], below: readonly TreeEntry[]): Change[] {
  const earlier = existing(below);
  const changes: Change[] = [];
  const told = new Set<string>();
  for (const entry of layer) {
    const kind = kindOf(entry, earlier.get(entry.path));
    if (kind === undefined) continue;
    if (entry.type === "directory") told.add(entry.path);
    if (kind !== "C") {
      for (const parent of parentsOf(entry.path).filter((path) => !told.has(path))) {
        told.add(parent);
        changes.push({ kind: "C", path: `/${parent}` });
      }
    }
    changes.push({ kind, path: `/${entry.path}` });
  }
  return changes.filter(isSomebodys);
}

/** Undefined for a directory that is in the layer only because of what is in it. */
function kindOf(entry: TreeEntry, old: TreeEntry | undefined): Change["kind"] | undefined {
  if (entry.type === "whiteout") return "D";
  if (!old) return "A";
  if (entry.type !== "directory" || old.type !== "directory") return "C";
  if (entry.opaque) return "D";
  return entry.mode === old.mode && entry.size === old.size && entry.mtime === old.mtime ? undefined : "C";
}

/** From the outermost one. */
function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}

function existing(tree: readonly TreeEntry[]): Map<string, TreeEntry> {
  return new Map(tree.filter(({ type }) => type !== "whiteout").map((entry) => [entry.path, entry]));
}

/** How two whole trees differ. Of what is in a directory that is gone, or new in place of something else, nothing is told. */
export function treeChanges(tree: readonly TreeEntry[], other: readonly TreeEntry[]): Change[] {
  const [now, before] = [existing(tree), existing(other)];
  const changed = new Map<string, Change["kind"]>();
  for (const [path, entry] of now) {
    const old = before.get(path);
    if (!old) changed.set(path, "A");
    else if (differ(entry, old)) changed.set(path, "C");
  }
  for (const path of before.keys()) {
    if (!now.has(path) && parentsOf(path).every((parent) => now.get(parent)?.type === "directory")) {
      changed.set(path, "D");
    }
  }
  for (const path of [...changed.keys()]) {
    for (const parent of parentsOf(path)) if (!changed.has(parent)) changed.set(parent, "C");
  }
  return [...changed]
    .map(([path, kind]) => ({ kind, path: `/${path}` }))
    .filter(isSomebodys)
    .sort((a, b) => comparePaths(a.path, b.path));
}

function differ(entry: TreeEntry, old: TreeEntry): boolean {
  if (entry.mode !== old.mode || entry.uid !== old.uid || entry.gid !== old.gid) return true;
  if (entry.device !== old.device) return true;
  return entry.type !== "directory" && (entry.size !== old.size || entry.mtime !== old.mtime);
}

/** A directory before what is in it, and that before what follows the directory. */
function comparePaths(a: string, b: string): number {
  const [one, other] = [a.replaceAll("/", "\0"), b.replaceAll("/", "\0")];
  return one < other ? -1 : one > other ? 1 : 0;
}
