/** Hostile archives, for `apply` and for `extract`: whatever they say, nothing changes outside of the target. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { Running } from "../../support/process.ts";
import { skipUnless } from "../../support/requirements.ts";
import {
  describeTree,
  inside,
  layer,
  layerError,
  layerOk,
  mappedNamespace,
  scratch,
  shell,
  type Tree,
} from "./layer.ts";
import { directory, entry, file, hardlink, symlink, tar } from "./tar.ts";

let work: string;
let target: string;
let outside: string;
let before: Tree;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  work = scratch();
  target = join(work, "target");
  outside = join(work, "outside");
  mkdirSync(target);
  mkdirSync(outside);
  writeFileSync(join(outside, "sentinel"), "untouched");
  before = await describeTree(outside);
});

const COMMANDS = {
  apply: () => ["apply", "--dir", target],
  extract: () => ["extract", "--root", target, "--path", "/"],
};

/** Names of what leads out are told by a function, for they depend on where the test runs. */
const ATTACKS: Record<string, () => Buffer[]> = {
  "a name that climbs": () => [file("../outside/new"), file("../outside/sentinel", "bad")],
  "a name that climbs after a while": () => [file("a/b/../../../outside/new")],
  "an absolute name": () => [file("/outside/sentinel", "bad"), file(join(outside, "sentinel"), "bad")],
  "an absolute name that climbs": () => [file("/../../outside/sentinel", "bad")],
  "a PAX path that climbs": () => [file("x", "bad", { pax: { path: "../outside/sentinel" } })],
  "a parent that is a link out": () => [symlink("l", outside), file("l/sentinel", "bad"), file("l/new")],
  "a parent that is a relative link out": () => [symlink("l", "../outside"), file("l/sentinel", "bad")],
  "a parent that is a chain of links": () => [
    ...[symlink("a", "b"), symlink("b", "../.."), symlink("c", "a/outside")],
    ...[directory("outside"), file("c/sentinel", "bad"), file("a/outside/new")],
  ],
  "a parent that becomes a link": () => [
    ...[directory("d"), file("d/first"), symlink("d", outside), file("d/sentinel", "bad"), file("d/new")],
  ],
  "a directory in place of a link out": () => [
    symlink("l", outside),
    directory("l", { mode: 0o777 }),
    file("l/new"),
  ],
  "directory metadata through a link": () => [directory("d", { mtime: 1 }), symlink("d", outside)],
  "a file in place of a link out": () => [
    symlink("l", join(outside, "sentinel")),
    file("l", "bad", { mode: 0o666 }),
  ],
  "a pipe in place of a link out": () => [
    symlink("l", join(outside, "sentinel")),
    entry("l", { type: "6", mode: 0o666 }),
  ],
  "a hard link that climbs": () => [hardlink("h", "../outside/sentinel"), file("h", "bad")],
  "a hard link to an absolute name": () => [hardlink("h", join(outside, "sentinel")), file("h", "bad")],
  "a hard link through a link": () => [symlink("l", outside), hardlink("h", "l/sentinel")],
  "a hard link to a link": () => [
    ...[
      symlink("l", join(outside, "sentinel")),
      hardlink("h", "l"),
      file("h", "bad", { mode: 0o777, mtime: 1 }),
    ],
  ],
  "a hard link in place of its parent": () => [file("d/f", "x"), hardlink("d", "d/f")],
  "a whiteout through a link": () => [symlink("l", outside), file("l/.wh.sentinel"), file("l/.wh..wh..opq")],
  "a whiteout that climbs": () => [file("../outside/.wh.sentinel"), file(".wh../outside")],
  "attributes through a link": () => [
    entry("l", { type: "2", link: outside, mode: 0o777, uid: 5, pax: { "SCHILY.xattr.user.x": "1" } }),
  ],
  "the root as something else": () => [symlink("./", outside), file("new")],
  "the root as a file": () => [entry("/", { type: "2", link: outside }), entry("..", { type: "5" })],
  "a magic link": () => [symlink("l", "/proc/self/root"), file(`l${outside}/sentinel`, "bad")],
  "a sparse map that counts wrong": () => [
    file("s", "x", { pax: { "GNU.sparse.map": "0,18446744073709551615", "GNU.sparse.size": "9" } }),
  ],
  "a path that is too long": () => [file("x", "", { pax: { path: `${"d/".repeat(3000)}f` } })],
};

describe.each(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[])("%s", (command) => {
  test.each(Object.keys(ATTACKS))("%s", async (name) => {
    // Each entry alone, too: an error on the first would keep the others from being tried.
    const entries = (ATTACKS[name] as () => Buffer[])();
    for (const input of [
      tar(...entries),
      ...entries.slice(-2).map((last) => tar(...entries.slice(0, -2), last)),
    ]) {
      const { exitCode, stderr, stdout } = await layer(COMMANDS[command](), { input });
      expect([0, 1]).toContain(exitCode);
      expect(() => JSON.parse(exitCode === 0 ? stdout : stderr)).not.toThrow();
      expect(statSync(join(outside, "sentinel")).nlink, "a name inside").toBe(1);
    }
    expect(await describeTree(outside)).toEqual(before);
    expect((await shell("ls", work)).split("\n").filter(Boolean)).toEqual(["outside", "target"]);
  });
});

test("a name that climbs out is refused, an absolute one stops at the root", async () => {
  for (const name of ["../x", "a/../../x", "./../x", ".."]) {
    const error = await layerError(COMMANDS.apply(), { input: tar(file(name)) });
    expect(error).toMatchObject({ code: "unsafe-path", message: expect.stringContaining(name) });
  }
  const link = await layerError(COMMANDS.apply(), { input: tar(hardlink("h", "../outside/sentinel")) });
  expect(link).toMatchObject({ code: "unsafe-path" });
  await layerOk(COMMANDS.apply(), { input: tar(file("a/../b/./c", "1"), file("/../../d", "2")) });
  expect(Object.keys(await describeTree(target)).sort()).toEqual([".", "b", "b/c", "d"]);
});

test("links in parents lead inside, as they would with the target as root", async () => {
  const blob = tar(directory("real"), symlink("absolute", "/real"), symlink("up", "../../../real"));
  const more = tar(file("absolute/a", "A"), file("up/b", "B"));
  await layerOk(["extract", "--root", target, "--path", "/"], { input: blob });
  await layerOk(["extract", "--root", target, "--path", "/"], { input: more });
  const tree = await describeTree(target);
  expect(tree["real/a"]).toMatchObject({ content: "A" });
  expect(tree["real/b"]).toMatchObject({ content: "B" });
});

test("a deep tree is unpacked, counted and removed", async () => {
  const path = `${"d/".repeat(2000)}f`;
  await layerOk(["apply", "--dir", target], { input: tar(file("x", "", { pax: { path } })) });
  expect(await layerOk(["usage", target])).toEqual({ bytes: 0, inodes: 2002 });
  await layerOk(["remove", target]);
  expect((await shell("ls", work)).trim()).toBe("outside");
});

test("a container that exchanges directory and link all the time gains nothing", async () => {
  const racer = new Running(
    [
      ...["python3", "-c"],
      `import os, sys
os.chdir(sys.argv[1])
os.mkdir("one"); os.symlink(sys.argv[2], "two")
print("ready", flush=True)
while True:
    for pair in (("one", "d"), ("d", "one"), ("two", "d"), ("d", "two")):
        try: os.rename(*pair)
        except OSError: pass`,
      ...[target, outside],
    ],
    { timeout: 60_000 },
  );
  await racer.waitForOutput(/ready/);
  const entries = Array.from({ length: 300 }, (_, i) => [
    file(`d/sentinel`, "bad"),
    file(`d/new${i}`),
    directory("d/sub"),
  ]);
  for (let round = 0; round < 10; round++)
    await layer(["extract", "--root", target, "--path", "/"], { input: tar(...entries.flat()) });
  racer.child.kill("SIGKILL");
  await racer.done;
  const after = await describeTree(outside);
  expect(after).toEqual(before);
});

test.each([["apply"], ["extract"], ["decompress"]])(
  "%s has neither network nor programs nor other files when it comes to the archive",
  async (command) => {
    const program = join(import.meta.dirname, "../../../bin/coracle-layer");
    const trace = join(work, "trace");
    const args = command === "decompress" ? [] : COMMANDS[command as keyof typeof COMMANDS]().slice(1);
    const calls = "trace=seccomp,landlock_restrict_self,read";
    const { exitCode } = await inside(["strace", "-f", "-o", trace, "-e", calls, program, command, ...args], {
      input: tar(file("a", "content")),
    });
    expect(exitCode).toBe(0);
    const steps = [
      /seccomp\(SECCOMP_SET_MODE_FILTER, .*= 0$/,
      /landlock_restrict_self\(.*= 0$/,
      /read\(0, .*= [1-9]/,
    ];
    const lines = readFileSync(trace, "utf8").split("\n");
    const order = lines.map((line) => steps.findIndex((step) => step.test(line))).filter((step) => step >= 0);
    expect(order.slice(0, 3)).toEqual([0, 1, 2]);
  },
);
