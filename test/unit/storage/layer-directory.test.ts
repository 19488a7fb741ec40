import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { namesInLayers } from "../../../src/storage/layer-directory.ts";

const root = mkdtempSync(join(tmpdir(), "coracle-layers-"));
afterAll(() => rmSync(root, { recursive: true }));

/** What ends in `/` is a directory, `a -> b` a link, the rest are files. */
function layer(name: string, ...entries: string[]): string {
  const directory = join(root, name);
  for (const entry of entries) {
    const [path = "", target] = entry.split(" -> ");
    const file = join(directory, path);
    mkdirSync(entry.endsWith("/") ? file : join(file, ".."), { recursive: true });
    if (target !== undefined) symlinkSync(target, file);
    else if (!entry.endsWith("/")) writeFileSync(file, "");
  }
  return directory;
}

const low = layer(
  "low",
  "usr/bin/ls",
  "usr/share/",
  "bin -> usr/bin",
  "etc/low",
  "var/old/a",
  "opt -> /etc/../usr",
  "up -> ../../..",
);
const high = layer("high", "usr/bin/cp", "etc", "var/old/b", "loop -> loop");
const plain = [high, low].map((directory) => ({ directory, opaque: [] }));

test.each([
  ["/", ["bin", "etc", "loop", "opt", "up", "usr/", "var/"]],
  ["usr", ["bin/", "share/"]],
  ["/bin/", ["cp", "ls"]],
  ["/opt/bin", ["cp", "ls"]],
  ["/up/usr", ["bin/", "share/"]],
  ["/usr/bin/../share/../bin", ["cp", "ls"]],
  ["../../usr", ["bin/", "share/"]],
  ["/etc", []],
  ["/etc/low", []],
  ["/loop", []],
  ["/nope", []],
  ["/var/old", ["a", "b"]],
])("%s", (directory, names) => {
  expect(namesInLayers(plain, directory)).toEqual(names);
});

test("what an opaque directory hides is not shown", () => {
  const layers = [{ directory: high, opaque: ["var/old"] }, plain[1] as (typeof plain)[0]];
  expect(namesInLayers(layers, "/var/old")).toEqual(["b"]);
});
