import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { registriesConfFiles } from "../../../../src/host/config/files.ts";
import { readRegistriesConf } from "../../../../src/host/config/registries-conf.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "registries-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, text = ""): string {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const read = (...texts: string[]) => {
  const files = texts.map((text, i) => write(`${i}.conf`, text));
  return readRegistriesConf({ main: files[0] as string, directories: ["/d"], files });
};

describe("what files say", () => {
  test("later ones over earlier ones: entries by prefix, aliases by name", () => {
    const conf = read(
      `unqualified-search-registries = ["a.io", "b.io/"]
[[registry]]
location = "r.io"
insecure = true
[[registry]]
location = "s.io"
[aliases]
one = "r.io/one"
two = "r.io/two"`,
      `short-name-mode = "enforcing"
[[registry]]
prefix = "r.io"
location = "q.io/r/"
[[registry.mirror]]
location = "m.io"
pull-from-mirror = "tag-only"
[aliases]
one = ""
three = "r.io/three"`,
    );
    expect(conf).toMatchObject({
      unqualifiedSearch: ["a.io", "b.io"],
      searchFile: join(directory, "0.conf"),
      shortNameMode: "enforcing",
      aliases: { two: { name: "r.io/two" }, three: { name: "r.io/three", file: join(directory, "1.conf") } },
    });
    expect(Object.keys(conf.aliases)).toEqual(["two", "three"]);
    expect(conf.registries.map(({ prefix, location }) => `${prefix} ${location}`)).toEqual([
      "s.io s.io",
      "r.io q.io/r",
    ]);
    expect(conf.registries[1]).toMatchObject({
      insecure: false,
      mirrors: [{ location: "m.io", pullFrom: "tag-only", insecure: false }],
    });
  });

  test.each([
    ["[[registry]]", "invalid condition: both location and prefix are unset"],
    ['[[registry]]\nprefix = "a.io"', "location is unset and prefix is not in the format: *.example.com"],
    [
      '[[registry]]\nlocation = "https://a.io"',
      "invalid location 'https://a.io': URI schemes are not supported",
    ],
    ['[[registry]]\nlocation = "a.io"\n[[registry.mirror]]', "mirror location is unset"],
    [
      '[[registry]]\nlocation = "a.io"\n[[registry.mirror]]\nlocation = "m.io"\npull-from-mirror = "never"',
      'unsupported pull-from-mirror value "never" for mirror "m.io"',
    ],
    [
      '[[registry]]\nlocation = "a.io"\n[[registry]]\nprefix = "b.io"\nlocation = "a.io"\ninsecure = true',
      "registry 'a.io' is defined multiple times with conflicting 'insecure' setting",
    ],
    ['short-name-mode = "sometimes"', 'invalid short-name mode: "sometimes"'],
    [
      '[aliases]\nx = "y"',
      'validating short-name aliases: invalid alias "y": must contain registry and repository',
    ],
    ['[aliases]\nx = "a.io/y:1"', 'invalid alias "a.io/y:1": must not contain tag'],
    ['[aliases]\n"x:1" = "a.io/y"', 'invalid short name "x:1": must not contain tag'],
    ['[aliases]\n"a.io/x" = "a.io/y"', 'invalid short name "a.io/x": must not contain registry'],
    ['unqualified-search-registries = ["a.io/x"]', 'Invalid unqualified-search-registries entry "a.io/x"'],
    [
      'short-name-mode = "disabled"\n[registries.search]\nregistries = ["a.io"]',
      "mixing sysregistry v1/v2 is not supported",
    ],
    ["unqualified-search-registries = [", "line 1"],
    [
      'unqualified-search-registries = "a.io"',
      'toml: line 1 (last key "unqualified-search-registries"): incompatible types: TOML value has type string; destination has type slice',
    ],
    ["[aliases]\na = 1", 'line 2 (last key "aliases.a"): incompatible types'],
    [
      '[[registry]]\nlocation = "a.io"\n[[registry.mirror]]\nlocation = "b.io"\n[[registry]]\nlocation = "c.io"\n[[registry.mirror]]\nlocation = 1',
      'line 8 (last key "registry.mirror.location"): incompatible types',
    ],
    [
      '[[registry]]\nprefix = "*.a.io/x"',
      'Wildcarded prefix should be in the format: *.example.com. Current prefix "*.a.io/x" is incorrectly formatted',
    ],
  ])("wrong: %s", (text, reason) => {
    expect(() => read(text)).toThrow(`loading registries configuration "${join(directory, "0.conf")}": `);
    expect(() => read(text)).toThrow(reason);
  });
});

test("of one file the first entry of a prefix counts; the first form of the file is understood", () => {
  const capitals = read('Short-Name-Mode = "disabled"\n[[Registry]]\nLocation = "a.io"\nInsecure = true');
  expect(capitals).toMatchObject({
    shortNameMode: "disabled",
    registries: [{ prefix: "a.io", insecure: true }],
  });
  const twice = read('[[registry]]\nlocation="a.io"\n[[registry]]\nprefix="a.io"\nlocation="c.io"');
  expect(twice.registries).toMatchObject([{ prefix: "a.io", location: "a.io" }]);
  const first = read(
    '[registries.search]\nregistries=["a.io"]\n[registries.insecure]\nregistries=["b.io"]\n[registries.block]\nregistries=["c.io"]',
  );
  expect(first).toMatchObject({
    unqualifiedSearch: ["a.io"],
    registries: [
      { prefix: "b.io", insecure: true, blocked: false },
      { prefix: "c.io", insecure: false, blocked: true },
    ],
  });
  expect(read("").credentialHelpers).toEqual(["containers-auth.json"]);
  expect(read('credential-helpers = ["x"]').credentialHelpers).toEqual(["x"]);
});

describe("which files", () => {
  const find = (env: NodeJS.ProcessEnv) =>
    registriesConfFiles({ CORACLE_UID: "1000", HOME: directory, ...env });

  test("a user's own takes the place of the machine's, drop-ins and all", () => {
    const own = write(".config/containers/registries.conf");
    const dropIn = write(".config/containers/registries.conf.d/b.conf");
    write(".config/containers/registries.conf.d/b.txt");
    expect(find({})).toEqual({
      main: own,
      directories: [dirname(dropIn)],
      files: [own, dropIn],
      learnt: undefined,
    });
  });

  test("a file that is named takes the place of the main file only", () => {
    write(".config/containers/registries.conf");
    const dropIn = write(".config/containers/registries.conf.d/a.conf");
    const learnt = write(".cache/containers/short-name-aliases.conf");
    const given = join(directory, "given.conf");
    const found = find({ CONTAINERS_REGISTRIES_CONF: given });
    expect(found).toMatchObject({ main: given, learnt });
    expect([found.files[0], found.files.at(-1)]).toEqual([given, dropIn]);
    expect(found.directories).toEqual(["/etc/containers/registries.conf.d", dirname(dropIn)]);
  });
});
