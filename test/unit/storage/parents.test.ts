import {
  chmodSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/oci/digest.ts";
import { readImageIndex } from "../../../src/storage/image-index.ts";
import { removeImage } from "../../../src/storage/image-store.ts";
import type { StoredImage } from "../../../src/storage/image-types.ts";
import { layerDirectories } from "../../../src/storage/images.ts";
import { diffDirectory, layersDirectory } from "../../../src/storage/layers.ts";
import { useStore } from "../../support/store.ts";
import { type FakeLayer, putImage, putLayer } from "./fake-images.ts";

const store = useStore();
const diff = (name: string) => diffDirectory(store(), digestOf(name).slice("sha256:".length));

/** A directory of a layer. */
function directory(layer: string, path: string, mode = 0o755, mtime = 1_000_000): void {
  mkdirSync(join(diff(layer), path), { recursive: true });
  chmodSync(join(diff(layer), path), mode);
  utimesSync(join(diff(layer), path), mtime, mtime);
}

async function image(...layers: FakeLayer[]): Promise<StoredImage> {
  const made = await putImage(store(), { layers: layers.map(({ name }) => name) });
  return made as StoredImage;
}

function put(...layers: FakeLayer[]): FakeLayer[] {
  for (const layer of layers) putLayer(store(), layer);
  return layers;
}

/** Mode of a directory as an overlay of the image shows it. */
function shownMode(made: StoredImage, path: string): string | undefined {
  for (const layer of layerDirectories(store(), made)) {
    const found = statSync(join(layer, path), { throwIfNoEntry: false });
    if (found) return (found.mode & 0o7777).toString(8);
  }
  return undefined;
}

test("layers that list all their directories need nothing", async () => {
  const layers = put({ name: "base" }, { name: "top" });
  directory("base", "tmp", 0o1777);
  directory("top", "tmp", 0o700);
  const made = await image(...layers);
  expect(made.parents).toBeNull();
  expect(layerDirectories(store(), made)).toEqual([diff("top"), diff("base")]);
});

test("a directory that a layer only implies keeps what the layer below gave it", async () => {
  const layers = put({ name: "base" }, { name: "top", implicit: ["tmp", "tmp/x"] });
  directory("base", "tmp", 0o1777, 1_234_567);
  directory("top", "tmp/x");
  const made = await image(...layers);
  expect(made.parents).toMatch(/^[0-9a-f]{64}$/);
  expect(shownMode(made, "tmp")).toBe("1777");
  const [top] = layerDirectories(store(), made) as [string];
  expect(statSync(join(top, "tmp")).mtimeMs).toBe(1_234_567_000);
  // What the layer below doesn't have is left as it was unpacked, and nothing else is in the way.
  expect(readdirSync(top, { recursive: true })).toEqual(["tmp"]);
});

test("its own parents are taken from where they come from", async () => {
  const layers = put({ name: "base" }, { name: "middle" }, { name: "top", implicit: ["a", "a/b"] });
  directory("base", "a/b", 0o700);
  directory("middle", "a", 0o711);
  directory("top", "a/b");
  const made = await image(...layers);
  expect(shownMode(made, "a")).toBe("711");
  expect(shownMode(made, "a/b")).toBe("700");
});

test("the root directory is one like others", async () => {
  const layers = put({ name: "base" }, { name: "top", implicit: [""] });
  chmodSync(diff("base"), 0o555);
  const made = await image(...layers);
  expect(shownMode(made, "")).toBe("555");
  chmodSync(diff("base"), 0o755);
});

describe("no layer is made", () => {
  test("where the metadata is the same anyway", async () => {
    const layers = put({ name: "base" }, { name: "top", implicit: ["a"] });
    directory("base", "a");
    directory("top", "a");
    expect((await image(...layers)).parents).toBeNull();
  });

  test("where a layer above lists the directory", async () => {
    const layers = put({ name: "base" }, { name: "middle", implicit: ["a"] }, { name: "top" });
    directory("base", "a", 0o700);
    directory("middle", "a");
    directory("top", "a", 0o750);
    expect((await image(...layers)).parents).toBeNull();
  });

  test("where a layer in between is opaque there", async () => {
    const layers = put(
      { name: "base" },
      { name: "middle", opaque: ["a"] },
      { name: "top", implicit: ["a", "a/b"] },
    );
    directory("base", "a/b", 0o700);
    directory("middle", "a");
    directory("top", "a/b");
    expect((await image(...layers)).parents).toBeNull();
  });

  test("where a layer in between has a symbolic link or file", async () => {
    const layers = put({ name: "base" }, { name: "middle" }, { name: "top", implicit: ["a", "a/b"] });
    directory("base", "a/b", 0o700);
    symlinkSync("/etc", join(diff("middle"), "a"));
    directory("top", "a/b");
    expect((await image(...layers)).parents).toBeNull();
    rmSync(join(diff("middle"), "a"));
    writeFileSync(join(diff("middle"), "a"), "");
    expect((await image(...layers)).parents).toBeNull();
  });
});

test("it goes with the image", async () => {
  const layers = put({ name: "base" }, { name: "top", implicit: ["a"] });
  directory("base", "a", 0o700);
  directory("top", "a");
  const made = await image(...layers);
  expect(readdirSync(layersDirectory(store()))).toHaveLength(3);
  expect(Object.values(readImageIndex(store()).images)[0]?.parents).toBe(made.parents);
  await removeImage(store(), made.id, () => []);
  expect(readdirSync(layersDirectory(store()))).toEqual([]);
});
