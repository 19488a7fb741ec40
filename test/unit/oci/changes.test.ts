import { expect, test } from "vitest";
import { layerChanges, type TreeEntry, treeChanges } from "../../../src/oci/changes.ts";

const kinds = { d: "directory", f: "file", w: "whiteout" } as const;

/** `d etc`, `f etc/passwd mtime=2 opaque` … in the order of `coracle-layer list`. */
function tree(...lines: string[]): TreeEntry[] {
  return lines.map((line) => {
    const [kind, path = "", ...more] = line.split(" ");
    const type = kinds[kind as keyof typeof kinds];
    const entry: TreeEntry = {
      path,
      type,
      mode: type === "directory" ? 0o40755 : 0o100644,
      uid: 0,
      gid: 0,
      size: 1,
      mtime: "1.0",
    };
    for (const item of more) {
      const [key, value] = item.split("=") as [string, string | undefined];
      Object.assign(entry, { [key]: value === undefined ? true : key === "mtime" ? value : Number(value) });
    }
    return entry;
  });
}

const lines = (changes: { kind: string; path: string }[]) =>
  changes.map(({ kind, path }) => `${kind} ${path}`);

const below = tree("d a", "d a/b", "f a/b/c", "f a/b/d", "d e", "f e/f");

test.each<[string, string[], string[]]>([
  ["nothing", [], []],
  [
    "a directory on the way comes before the first of what is in it",
    ["d a", "d a/b", "f a/b/new"],
    ["C /a", "C /a/b", "A /a/b/new"],
  ],
  [
    "one that has changed itself has its own line, before its parents'",
    ["d a", "d a/b mtime=2", "f a/b/new", "w a/b/c"],
    ["C /a/b", "C /a", "A /a/b/new", "D /a/b/c"],
  ],
  ["a changed file says nothing of its directories", ["d a", "d a/b", "f a/b/c"], ["C /a/b/c"]],
  ["a directory made anew", ["d e opaque mtime=2", "f e/f", "f e/g"], ["D /e", "C /e/f", "A /e/g"]],
  ["an opaque directory over nothing is just new", ["d new opaque", "f new/x"], ["A /new", "A /new/x"]],
  ["a file in place of a directory", ["f e"], ["C /e"]],
  [
    "what every container is given",
    ["d dev", "d etc", "f etc/hosts", "d proc", "d run", "f run/.containerenv", "d run/mine"],
    ["A /etc", "A /run/mine"],
  ],
])("%s", (_, layer, changes) => {
  expect(lines(layerChanges(tree(...layer), below))).toEqual(changes);
});

test("a whiteout below is nothing that was there", () => {
  expect(lines(layerChanges(tree("f x"), tree("w x")))).toEqual(["A /x"]);
});

test("whole trees: what differs, sorted, with the directories that it is in", () => {
  const now = tree("d a", "d a/b", "f a/b/c size=2", "f a-b", "f e", "d new", "f new/x");
  expect(lines(treeChanges(now, below))).toEqual([
    "C /a",
    "C /a/b",
    "C /a/b/c",
    "D /a/b/d",
    "A /a-b",
    "C /e",
    "A /new",
    "A /new/x",
  ]);
});

test("whole trees: the time of a directory is no change, its owner is", () => {
  expect(treeChanges(tree("d a mtime=2"), tree("d a"))).toEqual([]);
  expect(lines(treeChanges(tree("d a uid=1"), tree("d a")))).toEqual(["C /a"]);
});
