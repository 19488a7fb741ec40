import { expect, test } from "vitest";
import { cloneName } from "../../../src/engine/container/clone.ts";

test.each<[string, string[], string]>([
  ["a", [], "a-clone"],
  ["a", ["a-clone"], "a-clone1"],
  ["a", ["a-clone", "a-clone1"], "a-clone2"],
  ["a-clone", [], "a-clone1"],
  ["a-clone3", ["a-clone4"], "a-clone5"],
])("a clone of %s where there are %j", (name, taken, clone) => {
  expect(cloneName(name, (candidate) => taken.includes(candidate))).toBe(clone);
});
