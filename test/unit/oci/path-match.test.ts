import { expect, test } from "vitest";
import { pathMatcher } from "../../../src/oci/path-match.ts";

test.each([
  ["*.log", "a.log", true],
  ["*", "a/b", false],
  ["?", "a", true],
  ["[ab]", "a", true],
  ["[ab]", "c", false],
  ["x[a-c]*", "xbz", true],
  ["[^a]", "b", true],
  ["[^a]", "a", false],
  ["[[]", "[", true],
  ["\\*", "*", true],
  ["a.c", "abc", false],
])("%s and %s: %s", (pattern, text, expected) => {
  expect(pathMatcher(pattern)?.(text)).toBe(expected);
});

test.each(["[", "[]", "[a", "\\"])("%s is malformed", (pattern) => {
  expect(pathMatcher(pattern)).toBeUndefined();
});
