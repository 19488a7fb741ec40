import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { directory, scenariosOf } from "./compare.ts";
import { deliberate } from "./deliberate.ts";

const names = readdirSync(directory).map((file) => file.replace(/\.txt$/, ""));

test("every file of scenarios has its test", () => {
  const without = names.filter((name) => !existsSync(join(import.meta.dirname, `${name}.test.ts`)));
  expect(without).toEqual([]);
});

test("every deliberate difference is about a line that is compared", () => {
  const lines = new Set(
    names.flatMap(scenariosOf).flatMap((scenario) => scenario.lines.map(({ command }) => command)),
  );
  expect(deliberate.flatMap((difference) => difference.lines).filter((line) => !lines.has(line))).toEqual([]);
});
