/** Additional image stores: read, never changed. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Context } from "../../../src/host/context.ts";
import { readImageIndex, visibleImages } from "../../../src/storage/image-index.ts";
import { removeImage, renameImage } from "../../../src/storage/image-store.ts";
import { findImage, layerDirectories } from "../../../src/storage/images.ts";
import { useStore } from "../../support/store.ts";
import { putImage, putLayer } from "./fake-images.ts";

const store = useStore();

/** A store with one image, and one that reads it. */
async function twoStores(): Promise<{ other: Context; own: Context; id: string }> {
  const other: Context = { ...store(), graphRoot: join(store().graphRoot, "other") };
  putLayer(other, { name: "one" });
  const image = await putImage(other, { names: ["localhost/a:1"], layers: ["one"] });
  const graphRoot = join(store().graphRoot, "own");
  const own = { ...store(), graphRoot, storage: { imageStores: [other.graphRoot] } };
  return { other, own, id: image?.id as string };
}

const files = (ctx: Context) => readdirSync(ctx.graphRoot, { recursive: true }).sort();

test("an image of theirs is found, with its layers where they are", async () => {
  const { other, own, id } = await twoStores();
  const image = findImage(own, "a:1");
  expect(image?.id).toBe(id);
  expect(layerDirectories(own, image as NonNullable<typeof image>)[0]).toContain(other.graphRoot);
  expect(readImageIndex(own).images).toEqual({});
  expect(existsSync(own.graphRoot)).toBe(false);
});

test("the own store's names count more", async () => {
  const { own, id } = await twoStores();
  const mine = await putImage(own, { names: ["localhost/a:1"], comment: "mine" });
  expect(findImage(own, "a:1")?.id).toBe(mine?.id);
  expect(visibleImages(own).images[id]?.names).toEqual([]);
});

test("a new name, and the image that is stored once more, need no copy; neither does removal reach theirs", async () => {
  const { other, own, id } = await twoStores();
  const before = files(other);
  await renameImage(own, id, (had) => [...had, "localhost/b:1"]);
  expect(readImageIndex(own).images[id]?.names).toEqual(["localhost/b:1"]);
  expect(findImage(own, "b:1")?.id).toBe(id);
  expect(findImage(own, "a:1")?.id).toBe(id);
  expect((await putImage(own, { names: ["localhost/c:1"], layers: ["one"] }))?.id).toBe(id);
  await removeImage(own, id, () => []);
  expect(findImage(own, "b:1")).toBeUndefined();
  expect(findImage(own, "a:1")?.id).toBe(id);
  expect(files(other)).toEqual(before);
});
