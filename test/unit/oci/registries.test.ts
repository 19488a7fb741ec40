import { describe, expect, test } from "vitest";
import { completeReference, formatReference, parseReference } from "../../../src/oci/reference.ts";
import {
  findRegistry,
  pullSources,
  type RegistriesConf,
  type RegistryEntry,
  resolveShortName,
} from "../../../src/oci/registries.ts";

const entry = (prefix: string, more: Partial<RegistryEntry> = {}): RegistryEntry => ({
  prefix,
  location: prefix,
  insecure: false,
  blocked: false,
  mirrors: [],
  mirrorByDigestOnly: false,
  ...more,
});
const conf = (more: Partial<RegistriesConf> = {}): RegistriesConf => ({
  file: "/etc/r.conf",
  directories: [],
  unqualifiedSearch: [],
  searchFile: "/etc/r.conf",
  shortNameMode: "permissive",
  aliases: {},
  registries: [],
  credentialHelpers: [],
  ...more,
});
const digest = `sha256:${"a".repeat(64)}`;
const full = (text: string) => completeReference(parseReference(text));

describe("findRegistry", () => {
  const registries = [
    entry("a.io"),
    entry("a.io/team"),
    entry("*.b.io"),
    entry("*.x.b.io"),
    entry("a.io:5000"),
  ];
  test.each([
    ["a.io", "a.io"],
    ["a.io/x", "a.io"],
    ["a.io/team", "a.io/team"],
    ["a.io/team/x", "a.io/team"],
    ["a.io/teamwork", "a.io"],
    ["a.io:5000/x", "a.io:5000"],
    ["a.io.org/x", undefined],
    ["b.io/x", undefined],
    ["c.b.io/x", "*.b.io"],
    ["c.b.io:5000/x", "*.b.io"],
    ["c.x.b.io/x", "*.x.b.io"],
    ["z.io/c.b.io", undefined],
  ])("%s", (name, prefix) => {
    expect(findRegistry(conf({ registries }), name)?.prefix).toBe(prefix);
  });
});

describe("pullSources", () => {
  const mirror = (location: string, pullFrom: "all" | "digest-only" | "tag-only", insecure = false) => ({
    location,
    pullFrom,
    insecure,
  });
  const sources = (one: RegistryEntry, text: string) =>
    pullSources(one, full(text)).map(
      ({ reference, insecure }) => `${formatReference(reference)}${insecure ? " insecure" : ""}`,
    );

  test("without an entry there is only the place itself", () => {
    expect(pullSources(undefined, full("a.io/x"))).toEqual([
      { reference: full("a.io/x"), insecure: undefined },
    ]);
  });

  test("the location takes the place of the prefix", () => {
    const moved = entry("a.io/team", { location: "b.io:5000/other", insecure: true });
    expect(sources(moved, "a.io/team/x:1")).toEqual(["b.io:5000/other/x:1 insecure"]);
    expect(sources(entry("*.a.io", { location: "b.io/all" }), "c.a.io/x/y")).toEqual(["b.io/all/x/y:latest"]);
    expect(sources(entry("*.a.io", { location: "" }), "c.a.io/x/y")).toEqual(["c.a.io/x/y:latest"]);
  });

  test("mirrors come first, as far as they are for it", () => {
    const mirrors = [
      mirror("m1/x", "all", true),
      mirror("m2.io", "digest-only"),
      mirror("m3.io", "tag-only"),
    ];
    const one = entry("a.io", {
      mirrors: [{ ...mirrors[0], location: "m1.io/x" } as never, ...mirrors.slice(1)],
    });
    expect(sources(one, "a.io/r:1")).toEqual(["m1.io/x/r:1 insecure", "m3.io/r:1", "a.io/r:1"]);
    expect(sources(one, `a.io/r@${digest}`)).toEqual([
      `m1.io/x/r@${digest} insecure`,
      `m2.io/r@${digest}`,
      `a.io/r@${digest}`,
    ]);
    const byDigest = entry("a.io", { mirrors: [mirror("m.io", "all")], mirrorByDigestOnly: true });
    expect(sources(byDigest, "a.io/r:1")).toEqual(["a.io/r:1"]);
    expect(sources(byDigest, `a.io/r@${digest}`)).toEqual([`m.io/r@${digest}`, `a.io/r@${digest}`]);
  });
});

describe("resolveShortName", () => {
  const resolve = (text: string, more: Partial<RegistriesConf>) => {
    const found = resolveShortName(conf(more), parseReference(text), text);
    return "error" in found ? found.error : [found.description, ...found.references.map(formatReference)];
  };
  const aliases = { fedora: { name: "registry.example.org/fedora", file: "/etc/short.conf" } };

  test("an alias comes before all registries, and keeps tag and digest", () => {
    expect(
      resolve("fedora:40", { aliases, unqualifiedSearch: ["a.io"], shortNameMode: "enforcing" }),
    ).toEqual(['Resolved "fedora" as an alias (/etc/short.conf)', "registry.example.org/fedora:40"]);
    expect(resolve(`fedora@${digest}`, { aliases })).toContain(`registry.example.org/fedora@${digest}`);
  });

  test("else it is looked for in all registries", () => {
    expect(resolve("x/y:1", { aliases, unqualifiedSearch: ["a.io", "b.io"] })).toEqual([
      'Resolving "x/y" using unqualified-search registries (/etc/r.conf)',
      "a.io/x/y:1",
      "b.io/x/y:1",
    ]);
  });

  test("enforcing wants one only, since nobody can be asked", () => {
    const unqualifiedSearch = ["a.io", "b.io"];
    expect(resolve("x", { unqualifiedSearch, shortNameMode: "enforcing" })).toBe(
      "short-name resolution enforced but cannot prompt without a TTY",
    );
    expect(resolve("x", { unqualifiedSearch: ["a.io"], shortNameMode: "enforcing" })).toContain("a.io/x");
  });

  test("nowhere to look", () => {
    expect(resolve("constructor", {})).toBe(
      'short-name "constructor" did not resolve to an alias and no unqualified-search registries are defined in "/etc/r.conf"',
    );
  });
});
