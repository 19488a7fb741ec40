import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { table } from "../../../commands/index.ts";
import type { CommandClass } from "../../../src/cli/command-table.ts";
import { flagSyntax } from "../../../src/cli/parse-flags.ts";

const directory = join(import.meta.dirname, "../../../commands");
const names = readdirSync(directory, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .map((file) => file.slice(0, -".ts".length).replaceAll("/", " "));

const classes: [string, CommandClass][] = await Promise.all(
  Object.entries(table.files).map(async ([name, load]) => [name, (await load()).default]),
);

describe("the table of commands", () => {
  it("has a line for every file, and a file for every line", () => {
    expect(Object.keys(table.files).sort()).toEqual(names.sort());
  });

  it("loads under each name the file of that name", () => {
    for (const [name, load] of Object.entries(table.files)) {
      expect(load.toString(), name).toContain(`${name.replaceAll(" ", "/")}.ts`);
    }
  });

  it("has aliases of existing commands only, none of them a command itself", () => {
    for (const [alias, name] of Object.entries(table.aliases)) {
      expect(names, alias).toContain(name);
      expect(names).not.toContain(alias);
    }
  });

  it("has second names of existing commands only, in the same group", () => {
    for (const [second, first] of Object.entries(table.synonyms)) {
      expect([...names, ...Object.keys(table.aliases)], second).toContain(first);
      expect(second.split(" ").slice(0, -1)).toEqual(first.split(" ").slice(0, -1));
      expect([...names, ...Object.keys(table.aliases)]).not.toContain(second);
    }
  });

  it("knows the group of every command of two words", () => {
    for (const name of [...names, ...Object.keys(table.aliases)]) {
      const [group, second] = name.split(" ");
      if (second !== undefined) expect(Object.keys(table.groups), name).toContain(group);
    }
  });

  it("has every command on containers also in the group, as Podman does", () => {
    const onContainers = names.filter((name) => table.planned.includes(`container ${name}`));
    expect(onContainers).toContain("run");
    for (const name of onContainers) {
      expect([...names, ...Object.keys(table.aliases)], name).toContain(`container ${name}`);
    }
  });
});

describe.each(classes)("%s", (_name, command) => {
  it("says what it does", () => {
    expect(command.summary).toBeTruthy();
    expect(command.examples?.length, "examples").toBeGreaterThan(0);
    for (const [name, flag] of Object.entries(command.flags)) {
      if (!flag.hidden) expect(flag.description, name).toBeTruthy();
    }
  });

  it("has no two flags of one name or letter", () => {
    const syntax = flagSyntax(command.flags);
    const all = syntax.map(({ name }) => name);
    const letters = syntax.flatMap(({ char }) => char ?? []);
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(letters).size).toBe(letters.length);
  });
});
