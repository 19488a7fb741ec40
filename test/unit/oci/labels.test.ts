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

test("a label needs a key", () => {
  expect(() => parseLabels(["=x"])).toThrow('unable to process labels: invalid label format: "=x"');
});

test("an annotation needs a value", () => {
  expect(parseAnnotations(["a=b=c", "x="])).toEqual({ a: "b=c", x: "" });
  expect(() => parseAnnotations(["x"])).toThrow("annotations must be formatted KEY=VALUE");
});
