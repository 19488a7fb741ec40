import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readJson, readWholeJson, temporaryBeside, writeJsonAtomic } from "../../../src/host/files.ts";
import { useStore } from "../../support/store.ts";

const store = useStore();

function place(name: string): string {
  mkdirSync(store().graphRoot, { recursive: true });
  return join(store().graphRoot, name);
}

test.each([
  ["", "is not valid JSON"],
  ["{", "is not valid JSON"],
  ["null", "is not a JSON object"],
  ["[]", "is not a JSON object"],
  ["5", "is not a JSON object"],
  ['{"version":1}', 'lacks "name"'],
])("a file with %j is damaged", (text, complaint) => {
  const file = place("record.json");
  writeFileSync(file, text);
  expect(() => readJson<{ version: number; name: string }>(file, ["version", "name"])).toThrow(
    `${file} ${complaint}`,
  );
});

test("a directory in the place of a file is damage, and a damaged file that is made anew is none", () => {
  mkdirSync(place("record.json"), { recursive: true });
  expect(() => readJson(place("record.json"))).toThrow(`${place("record.json")} is a directory`);
  expect(readWholeJson(place("record.json"))).toBeUndefined();
  expect(readJson(place("absent.json"))).toBeUndefined();
});

test("what a killed writer left goes with the next one, what a live one writes stays", () => {
  for (const name of [".a.json.999999999.tmp", ".a.json.1.tmp", ".b.json.999999999.tmp"])
    writeFileSync(place(name), "");
  writeJsonAtomic(place("a.json"), { version: 1 });
  expect(readFileSync(place("a.json"), "utf8")).toBe('{"version":1}\n');
  expect(readdirSync(store().graphRoot).sort()).toEqual([".a.json.1.tmp", ".b.json.999999999.tmp", "a.json"]);
  expect(temporaryBeside("/nowhere/file", "part")).toBe(`/nowhere/.file.${process.pid}.part`);
});
