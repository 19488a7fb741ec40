import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { LineReader } from "../../../src/runtime/line-reader.ts";

const directory = mkdtempSync(join(tmpdir(), "lines-"));
afterAll(() => rmSync(directory, { recursive: true }));

test("a file that takes its place begins with lines that were there, or with none of them", () => {
  const file = join(directory, "log");
  const replace = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  writeFileSync(file, "a\nb\n");
  const reader = new LineReader(
    file,
    (line) => line.toString(),
    (line) => line === "rotated",
  );
  const read = () => [...reader.read()];
  expect(read()).toEqual(["a", "b"]);
  appendFileSync(file, "c\n");
  replace("b\nc\nrotated\nd\n");
  expect(read()).toEqual(["c", "rotated", "d"]);
  replace("e\n");
  expect(read()).toEqual(["e"]);
  writeFileSync(file, "");
  expect(read()).toEqual([]);
  appendFileSync(file, "f\n");
  expect(read()).toEqual(["f"]);
  reader.close();
});
