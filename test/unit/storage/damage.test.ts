/** What is spoilt is replaced by what comes again. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemCheck } from "../../../src/engine/system/check.ts";
import { damagedNetworks, dropDamagedNetwork, listNetworks } from "../../../src/network/networks.ts";
import { blobPath, readBlob, writeBlob } from "../../../src/storage/blobs.ts";
import { commitLayer, hasLayer, ownLayerDirectory } from "../../../src/storage/layers.ts";
import { deleteSecret, listSecrets, readSecret, storeSecret } from "../../../src/storage/secrets.ts";
import {
  createVolume,
  damagedVolumes,
  findVolume,
  listVolumes,
  renewVolumeRecord,
  volumeDataPath,
} from "../../../src/storage/volumes.ts";
import { useStore } from "../../support/store.ts";

const store = useStore();
const key = "ab".repeat(32);

function stagedLayer(): string {
  const directory = join(store().graphRoot, "staged");
  mkdirSync(join(directory, "diff"), { recursive: true });
  writeFileSync(join(directory, "diff/file"), "new");
  writeFileSync(join(directory, "record.json"), "{}");
  return directory;
}

test("a blob", () => {
  const bytes = Buffer.from('{"schemaVersion":2}');
  const digest = writeBlob(store(), bytes);
  writeFileSync(blobPath(store(), digest), "cut");
  writeBlob(store(), bytes);
  expect(readBlob(store(), digest)).toEqual(bytes);
});

test("of a layer only what is damaged, as containers may run on the rest", () => {
  commitLayer(store(), stagedLayer(), key);
  const layer = ownLayerDirectory(store(), key);
  writeFileSync(join(layer, "diff/file"), "old");
  writeFileSync(join(layer, "record.json"), "");
  expect(hasLayer(store(), `sha256:${key}`)).toBe(false);
  commitLayer(store(), stagedLayer(), key);
  expect(hasLayer(store(), `sha256:${key}`)).toBe(true);
  expect(readFileSync(join(layer, "diff/file"), "utf8")).toBe("old");
  rmSync(join(layer, "diff"), { recursive: true });
  rmSync(join(store().graphRoot, "staged"), { recursive: true });
  commitLayer(store(), stagedLayer(), key);
  expect(readFileSync(join(layer, "diff/file"), "utf8")).toBe("new");
});

test("a volume's record, while the others are listed and its data stays", async () => {
  await createVolume(store(), "whole");
  await createVolume(store(), "spoilt");
  writeFileSync(join(volumeDataPath(store(), "spoilt"), "data"), "kept");
  writeFileSync(join(store().volumeRoot, "spoilt/record.json"), "[]");
  expect(listVolumes(store()).map(({ name }) => name)).toEqual(["whole"]);
  expect(damagedVolumes(store()).map(({ id }) => id)).toEqual(["spoilt"]);
  renewVolumeRecord(store(), "spoilt");
  expect(findVolume(store(), "spoilt")).toMatchObject({ name: "spoilt", anonymous: false });
  expect(readFileSync(join(volumeDataPath(store(), "spoilt"), "data"), "utf8")).toBe("kept");
});

test("a network, while the others are listed", async () => {
  const file = join(store().graphRoot, "networks/n.json");
  mkdirSync(join(store().graphRoot, "networks"), { recursive: true });
  writeFileSync(file, "{}");
  expect(listNetworks(store()).map(({ name }) => name)).toEqual(["podman"]);
  expect(damagedNetworks(store())).toEqual([{ id: "n", what: `${file} lacks "name"` }]);
  await dropDamagedNetwork(store(), "n");
  expect(damagedNetworks(store())).toEqual([]);
});

test("a secret without its content is told in Podman's words", () => {
  const options = { path: join(store().graphRoot, "none") };
  const secret = { id: "f00", name: "s", createdAt: "", updatedAt: "", labels: {}, driver: "file", options };
  expect(() => readSecret(secret)).toThrow("f00: no secret data with ID");
});

test("contents of secrets outlive their index", async () => {
  const put = (name: string) =>
    storeSecret(store(), {
      ...{ name, data: Buffer.from(name), labels: {}, driver: "file", options: {} },
      ...{ replace: false, ignore: false },
    });
  const directory = join(store().graphRoot, "secrets");
  const id = await put("one");
  rmSync(join(directory, "secrets.json"));
  await expect(put("two")).rejects.toThrow(`${directory}/secrets.json is gone, but not the contents of 1 `);
  expect(() => listSecrets(store())).toThrow("secrets.json is gone");
  for (const repair of ["nothing", "images", "all"] as const) {
    expect(await systemCheck(store(), { quick: true, repair })).toMatchObject([
      { kind: "index", id: "secrets", outcome: repair === "all" ? "moved" : "nothing" },
    ]);
  }
  expect(readFileSync(join(`${directory}.damaged/filedriver`, id), "utf8")).toBe("one");
  await put("two");
  await deleteSecret(store(), "two");
  expect(listSecrets(store())).toEqual([]);
});
