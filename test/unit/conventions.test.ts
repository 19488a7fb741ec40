import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../support/process.ts";

const root = join(import.meta.dirname, "../..");
const modules = join(root, "node_modules");

/** With this Node: system ones may be too old for the tools. */
function tool(script: string, ...args: string[]) {
  return run([process.execPath, join(modules, script), ...args], { cwd: root, timeout: 170_000 });
}

test("types fit", { timeout: 180_000 }, async () => {
  expect(await tool("typescript/bin/tsc")).toMatchObject({ exitCode: 0, stdout: "" });
});

test("format and lint rules are kept (npm run format mends most)", { timeout: 180_000 }, async () => {
  const result = await tool("@biomejs/biome/bin/biome", "ci", "--colors=off", ".");
  const output = result.stdout + result.stderr;
  expect(output).toMatch(/Checked \d{2,} files/);
  expect(result.exitCode, output).toBe(0);
});

test("the lock file names no registry", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  expect(Object.values(packages).filter((entry) => Object.hasOwn(entry as object, "resolved"))).toEqual([]);
});

test("the top level has what it always had", () => {
  const known = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "bin",
    "commands",
    "completions",
    "dist",
    "native",
    "node_modules",
    "package-lock.json",
    "package.json",
    "src",
    "test",
    "tsconfig.json",
  ];
  const entries = readdirSync(root).filter((name) => !name.startsWith("."));
  expect(entries.filter((name) => !known.includes(name))).toEqual([]);
});

test("what is exported is used in another file", () => {
  const users = new Map<string, number>();
  const exported: [file: string, name: string][] = [];
  for (const file of globSync("{src,commands,bin,test}/**/*.ts", { cwd: root })) {
    const text = readFileSync(join(root, file), "utf8");
    for (const word of new Set(text.match(/\w+/g))) users.set(word, (users.get(word) ?? 0) + 1);
    const found = text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm);
    exported.push(...[...found].map(([, name = ""]): [string, string] => [file, name]));
  }
  expect(exported.length).toBeGreaterThan(1000);
  expect(exported.filter(([, name]) => users.get(name) === 1)).toEqual([]);
});
