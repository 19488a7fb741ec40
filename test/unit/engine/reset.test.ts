import { expect, test } from "vitest";
import { inOrder } from "../../../src/engine/system/reset.ts";

test("reset takes away what names things before the things", () => {
  expect(inOrder(["blobs", "staging", "layers", "images.json", "names"])).toEqual([
    "images.json",
    "blobs",
    "layers",
    "names",
  ]);
});
