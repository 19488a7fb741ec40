import { expect, test } from "vitest";
import { imageTree } from "../../../src/engine/image/tree.ts";
import { useStore } from "../../support/store.ts";
import { putImage, putLayer } from "../storage/fake-images.ts";

const store = useStore();

test("what requires an image's topmost layer is a branch where others are built on the same", async () => {
  for (const name of ["base", "left", "right", "leaf"]) putLayer(store(), { name });
  const put = (name: string, ...layers: string[]) =>
    putImage(store(), { names: [`localhost/${name}:1`], layers });
  await put("a", "base");
  await put("b", "base", "left");
  await put("c", "base", "right");
  await put("d", "base", "left", "leaf");
  const shape = (name: string) => {
    const { layers, isBranch } = imageTree(store(), name, true);
    const [top] = layers;
    return [isBranch, top?.topOf, top?.children.length];
  };
  expect(shape("a:1")).toEqual([false, ["localhost/a:1"], 2]);
  expect(shape("b:1")).toEqual([true, ["localhost/b:1"], 1]);
  expect(shape("d:1")).toEqual([false, ["localhost/d:1"], 0]);
  expect(imageTree(store(), "b:1", false).isBranch).toBe(false);
});
