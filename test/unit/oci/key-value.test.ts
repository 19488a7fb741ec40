import { expect, test } from "vitest";
import { keyAndValue } from "../../../src/oci/key-value.ts";

test.each([
  ["a=b", ["a", "b"]],
  ["a=b=c\nd", ["a", "b=c\nd"]],
  ["a=", ["a", ""]],
  ["=b", ["", "b"]],
  ["a", ["a", undefined]],
  ["", ["", undefined]],
])("%j is %j", (text, parts) => {
  expect(keyAndValue(text)).toEqual(parts);
});
