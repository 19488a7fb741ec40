import { expect, test } from "vitest";
import { shellWords } from "../../../src/cli/shell-words.ts";

test.each([
  ["ax -o args", ["ax", "-o", "args"]],
  ["  -o   'a b' \"c \\\" d\" e\\ f ''", ["-o", "a b", 'c " d', "e f", ""]],
  ["a'b'\"c\"", ["abc"]],
  ["$X `y` *", ["$X", "`y`", "*"]],
  ["", []],
])("%j", (text, words) => {
  expect(shellWords(text)).toEqual(words);
});
