import { expect, test } from "vitest";
import { firstFreeRange } from "../../../src/oci/subordinate-ids.ts";

test("a new range begins after everybody else's, in both files", () => {
  expect(firstFreeRange("", "")).toEqual({ start: 100000, end: 165535 });
  expect(firstFreeRange("a:100000:65536\n", "a:100000:65536\nb:231072:65536\n")).toEqual({
    start: 296608,
    end: 362143,
  });
  expect(firstFreeRange("# comment\nbroken:x:1\n1000:50:10\n")).toEqual({ start: 100000, end: 165535 });
});
