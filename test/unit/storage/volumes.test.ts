import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  createVolume,
  findVolume,
  getVolume,
  hadFirstUse,
  listVolumes,
  removeVolume,
  volumeDataPath,
} from "../../../src/storage/volumes.ts";
import { useStore } from "../../support/store.ts";

const store = useStore();
const staging = () => readdirSync(join(store().graphRoot, "staging"));

describe("creating", () => {
  test("a volume has a directory and what it was made with", async () => {
    const made = await createVolume(store(), "data", { labels: { a: "b" } });
    expect(made).toMatchObject({ name: "data", labels: { a: "b" }, anonymous: false, container: null });
    expect(findVolume(store(), "data")).toEqual(made);
    expect(hadFirstUse(store(), made, "filled")).toBe(false);
    expect(staging()).toEqual([]);
  });

  test("without a name one is drawn", async () => {
    const { name } = await createVolume(store(), undefined);
    expect(name).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a name is taken only once", async () => {
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => createVolume(store(), "v")));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await expect(createVolume(store(), "v")).rejects.toThrow(/already exists/);
    expect(staging()).toEqual([]);
  });

  test("unless that is as good", async () => {
    const first = await createVolume(store(), "v", { labels: { a: "1" } });
    expect(await createVolume(store(), "v", { ignoreExisting: true })).toEqual(first);
  });

  test.each(["../x", "a/b", "", ".", "..", "-x", "a b", "x\n"])("the name %j is refused", async (name) => {
    await expect(createVolume(store(), name)).rejects.toThrow(/names must match/);
    expect(() => volumeDataPath(store(), name)).toThrow(/names must match/);
  });

  test("the root belongs to whom it was asked for", async () => {
    const owner = { uid: process.getuid?.() as number, gid: process.getgid?.() as number };
    expect(await createVolume(store(), "v", owner)).toMatchObject(owner);
  });
});

describe("finding", () => {
  test("by name, or by the beginning of one", async () => {
    await createVolume(store(), "data");
    expect(() => getVolume(store(), "")).toThrow("name or ID cannot be empty");
    await createVolume(store(), "data-2");
    expect(getVolume(store(), "data").name).toBe("data");
    expect(getVolume(store(), "data-").name).toBe("data-2");
    expect(() => getVolume(store(), "dat")).toThrow(
      "more than one result for volume name dat: volume already exists",
    );
    expect(() => getVolume(store(), "x")).toThrow('no volume with name "x" found: no such volume');
    expect(listVolumes(store()).map(({ name }) => name)).toEqual(["data", "data-2"]);
  });
});

describe("removing", () => {
  test("its content goes with it", async () => {
    await createVolume(store(), "v");
    writeFileSync(join(volumeDataPath(store(), "v"), "file"), "");
    await removeVolume(store(), "v");
    expect(findVolume(store(), "v")).toBeUndefined();
    expect(staging()).toEqual([]);
  });

  test("one in use stays", async () => {
    await createVolume(store(), "v");
    const removal = removeVolume(store(), "v", () => ["c0ffee"]);
    await expect(removal).rejects.toMatchObject({ code: "volume-in-use", exitCode: 2 });
    expect(findVolume(store(), "v")).toBeDefined();
  });

  test("one that a container made meanwhile uses comes back whole", async () => {
    await createVolume(store(), "v");
    writeFileSync(join(volumeDataPath(store(), "v"), "file"), "");
    let asked = 0;
    const removal = removeVolume(store(), "v", () => (++asked === 1 ? [] : ["c0ffee"]));
    await expect(removal).rejects.toThrow(/c0ffee/);
    expect(existsSync(join(volumeDataPath(store(), "v"), "file"))).toBe(true);
  });
});
