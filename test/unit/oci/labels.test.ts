import { expect, test } from "vitest";
import { parseAnnotations, parseLabels } from "../../../src/oci/labels.ts";

test("labels may have no value, or one with = in it; flags win over files", () => {
  expect(parseLabels(["a=b=c", "d", "e=2"], ["# c\n\ne=1\nf=x y\n"])).toEqual({
    a: "b=c",
    d: "",
    e: "2",
    f: "x y",
  });
});

test("a line of a file without a value is none, and a name has no spaces", () => {
  expect(parseLabels([], ["a=1\nb\n  c=2\n"])).toEqual({ a: "1", c: "2" });
  expect(() => parseLabels([], ["a b=1"])).toThrow('name "a b" has white spaces, poorly formatted name');
});

test("a label needs a key", () => {
  expect(() => parseLabels(["=x"])).toThrow('unable to process labels: invalid label format: "=x"');
});

test("an annotation needs a value", () => {
  expect(parseAnnotations(["a=b=c", "x="])).toEqual({ a: "b=c", x: "" });
  expect(() => parseAnnotations(["x"])).toThrow("annotations must be formatted KEY=VALUE");
});
