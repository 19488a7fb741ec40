import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ownerName } from "../../../src/host/owner.ts";
import { createStaging } from "../../../src/host/staging.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import { blobPath, blobsDirectory } from "../../../src/storage/blobs.ts";
import { readImageIndex } from "../../../src/storage/image-index.ts";
import { reapImages, removeImage, renameImage } from "../../../src/storage/image-store.ts";
import { findImage } from "../../../src/storage/images.ts";
import { layersDirectory } from "../../../src/storage/layers.ts";
import { useStore } from "../../support/store.ts";
import { putImage, putLayer } from "./fake-images.ts";

const store = useStore();
const hex = (name: string) => digestOf(name).slice("sha256:".length);
const layers = () => readdirSync(layersDirectory(store())).sort();
const staging = () => readdirSync(join(store().graphRoot, "staging"));
const nobody = () => [];

function deadImageStaging(): void {
  const name = `image-999999999-1-${ownerName().split("-")[2]}-00000000`;
  mkdirSync(join(store().graphRoot, "staging", name), { recursive: true });
}

describe("adding", () => {
  test("an image is found once its parts are there, not before", async () => {
    expect(await putImage(store(), { names: ["localhost/a:1"], layers: ["one"] })).toBeUndefined();
    expect(Object.values(readImageIndex(store()).images)).toEqual([]);
    putLayer(store(), { name: "one" });
    const image = await putImage(store(), { names: ["localhost/a:1"], layers: ["one"] });
    expect(findImage(store(), "a:1")).toEqual(image);
    expect(image?.size).toBeGreaterThan(100);
  });

  test("a layer without its blob is not enough", async () => {
    const digest = putLayer(store(), { name: "one" });
    rmSync(blobPath(store(), digest));
    expect(await putImage(store(), { layers: ["one"] })).toBeUndefined();
  });

  test("a name moves to the image that gets it last; the other stays without", async () => {
    const first = await putImage(store(), { names: ["localhost/a:1"], comment: "1" });
    const second = await putImage(store(), { names: ["localhost/a:1"], comment: "2" });
    expect(findImage(store(), "a:1")?.id).toBe(second?.id);
    expect(findImage(store(), first?.id as string)?.names).toEqual([]);
  });

  test("the same image again only adds names", async () => {
    await putImage(store(), { names: ["localhost/a:1"] });
    const again = await putImage(store(), {
      names: ["localhost/b:1"],
      digests: [digestOf("x")],
    });
    expect(again?.names).toEqual(["localhost/b:1", "localhost/a:1"]);
    expect(again?.digests).toEqual([again?.manifestDigest, digestOf("x")]);
    expect(Object.values(readImageIndex(store()).images)).toHaveLength(1);
  });

  test("many at once are all there", async () => {
    const comments = Array.from({ length: 20 }, (_, i) => String(i));
    await Promise.all(
      comments.map((comment) => putImage(store(), { comment, names: [`localhost/i:${comment}`] })),
    );
    expect(Object.values(readImageIndex(store()).images)).toHaveLength(20);
    expect(staging()).toEqual([]);
  });
});

test("names are changed, and remembered", async () => {
  const id = (await putImage(store(), { names: ["localhost/a:1"] }))?.id as string;
  await renameImage(store(), id, (names) => [...names, "localhost/b:1", "localhost/c:1"]);
  expect(findImage(store(), "c:1")?.id).toBe(id);
  expect(await renameImage(store(), id, (names) => names.filter((name) => name !== "localhost/b:1"))).toEqual(
    ["localhost/a:1", "localhost/b:1", "localhost/c:1"],
  );
  expect(findImage(store(), id)).toMatchObject({
    names: ["localhost/a:1", "localhost/c:1"],
    nameHistory: ["localhost/c:1", "localhost/a:1", "localhost/b:1"],
  });
});

test("an index of the first version is read", async () => {
  const image = await putImage(store(), { names: ["localhost/a:1"] });
  const file = join(store().graphRoot, "images.json");
  const { version, images } = JSON.parse(readFileSync(file, "utf8"));
  expect(version).toBe(2);
  const id = image?.id as string;
  const { nameHistory, digests, ...entry } = images[id];
  const pulled = digestOf("pulled");
  const old = { ...entry, names: [], repoDigests: [`quay.io/a@${pulled}`] };
  writeFileSync(file, JSON.stringify({ version: 1, images: { [id]: old } }));
  expect(findImage(store(), `quay.io/a@${pulled}`)).toMatchObject({
    id: image?.id,
    names: [`quay.io/a@${pulled}`],
    digests: [image?.manifestDigest, pulled],
  });
});

describe("removing", () => {
  test("takes what only that image needs", async () => {
    for (const name of ["base", "one", "two"]) putLayer(store(), { name });
    const first = await putImage(store(), { layers: ["base", "one"] });
    const second = await putImage(store(), { layers: ["base", "two"] });
    await removeImage(store(), first?.id as string, nobody);
    expect(layers()).toEqual([hex("base"), hex("two")].sort());
    await removeImage(store(), second?.id as string, nobody);
    expect(layers()).toEqual([]);
    expect(readdirSync(blobsDirectory(store()))).toEqual([]);
    expect(staging()).toEqual([]);
  });

  test("an image in use stays as it was", async () => {
    putLayer(store(), { name: "one" });
    const image = await putImage(store(), { names: ["localhost/a:1"], layers: ["one"] });
    const removal = removeImage(store(), image?.id as string, () => ["c0ffee"]);
    await expect(removal).rejects.toMatchObject({
      code: "image-in-use",
      exitCode: 2,
      message: expect.stringMatching(/^image used by c0ffee: image is in use by a container: /),
    });
    expect(findImage(store(), "a:1")).toEqual(image);
    expect(staging()).toEqual([]);
  });

  test("a container that was made meanwhile keeps its image", async () => {
    const image = await putImage(store(), { names: ["localhost/a:1"] });
    // Like `create`: the record is there before it looks for the image, which it no longer finds.
    let asked = 0;
    const usersOf = () => (++asked === 1 ? [] : ["c0ffee"]);
    await expect(removeImage(store(), image?.id as string, usersOf)).rejects.toMatchObject({
      code: "image-in-use",
    });
    expect(asked).toBe(2);
    expect(findImage(store(), "a:1")).toEqual(image);
  });

  test("a damaged image goes as well, and doesn't keep others from going", async () => {
    const damaged = await putImage(store(), { comment: "damaged" });
    const whole = await putImage(store(), { comment: "whole" });
    rmSync(blobPath(store(), damaged?.manifestDigest as string));
    await removeImage(store(), whole?.id as string, nobody);
    await removeImage(store(), damaged?.id as string, nobody);
    expect(Object.values(readImageIndex(store()).images)).toEqual([]);
    expect(readdirSync(blobsDirectory(store()))).toEqual([]);
  });
});

describe("what killed commands left", () => {
  test("layers and blobs without an image go, those of images and containers stay", async () => {
    for (const name of ["image", "container", "orphan"]) putLayer(store(), { name });
    await putImage(store(), { layers: ["image"] });
    writeFileSync(join(blobsDirectory(store()), ".half.123.tmp"), "");
    deadImageStaging();
    await reapImages(store(), () => [hex("container")]);
    expect(layers()).toEqual([hex("image"), hex("container")].sort());
    expect(existsSync(blobPath(store(), digestOf("image")))).toBe(true);
    expect(existsSync(blobPath(store(), digestOf("orphan")))).toBe(false);
    expect(readdirSync(blobsDirectory(store())).filter((name) => name.startsWith("."))).toEqual([]);
    expect(readdirSync(store().graphRoot).filter((name) => name.startsWith("."))).toEqual([]);
    expect(staging()).toEqual([]);
  });

  test("nothing is touched while a pull or load lives: its layers have no image yet", async () => {
    putLayer(store(), { name: "new" });
    deadImageStaging();
    const live = createStaging(store(), "image");
    await reapImages(store(), nobody);
    expect(layers()).toEqual([hex("new")]);
    await live.remove();
    await reapImages(store(), nobody);
    expect(layers()).toEqual([]);
  });

  test("without anything left, nothing is read or locked", async () => {
    mkdirSync(store().graphRoot, { recursive: true });
    writeFileSync(join(store().graphRoot, "images.json"), "damaged");
    await reapImages(store(), () => {
      throw new Error("asked");
    });
  });
});

test("images.json of a newer version is refused, a damaged one named", async () => {
  await putImage(store(), {});
  const file = join(store().graphRoot, "images.json");
  expect(JSON.parse(readFileSync(file, "utf8")).version).toBe(2);
  writeFileSync(file, '{"version":3,"images":{}}');
  expect(() => Object.values(readImageIndex(store()).images)).toThrow(/newer version/);
  writeFileSync(file, "{");
  expect(() => Object.values(readImageIndex(store()).images)).toThrow(`${file} is not valid JSON`);
});
