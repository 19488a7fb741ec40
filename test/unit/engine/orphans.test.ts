import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reapVolumes } from "../../../src/engine/volume/orphans.ts";
import { ownerName } from "../../../src/host/owner.ts";
import { createVolume, findVolume, volumeDataPath } from "../../../src/storage/volumes.ts";
import { useStore } from "../../support/store.ts";
import { containerConfig } from "../oci/container-config.ts";

const store = useStore();
const id = "a".repeat(64);

/** A volume as `volume rm` leaves it when it is killed between taking it out of sight and looking for users. */
async function trashedVolume(): Promise<string> {
  await createVolume(store(), "v");
  writeFileSync(join(volumeDataPath(store(), "v"), "file"), "data");
  const bootId = ownerName().split("-")[2];
  const trash = join(store().graphRoot, "staging", `trash-999999999-1-${bootId}-00000000`);
  renameSync(join(store().graphRoot, "volumes/v"), trash);
  return trash;
}

function makeUser() {
  const directory = join(store().graphRoot, "containers", id);
  mkdirSync(directory, { recursive: true });
  const mount = { type: "volume", source: "v", destination: "/v", options: [] } as const;
  const config = containerConfig({ mounts: [{ ...mount, options: [] }] });
  writeFileSync(join(directory, "record.json"), JSON.stringify({ version: 1, id, name: "user", config }));
}

test("a volume that a container uses comes back", async () => {
  const trash = await trashedVolume();
  makeUser();
  await reapVolumes(store());
  expect(readFileSync(join(volumeDataPath(store(), "v"), "file"), "utf8")).toBe("data");
  expect(existsSync(trash)).toBe(false);
});

test("one that nobody uses, or that was made anew, stays in the trash", async () => {
  const trash = await trashedVolume();
  await reapVolumes(store());
  expect(findVolume(store(), "v")).toBeUndefined();
  makeUser();
  await createVolume(store(), "v");
  writeFileSync(join(volumeDataPath(store(), "v"), "new"), "");
  await reapVolumes(store());
  expect(existsSync(join(volumeDataPath(store(), "v"), "new"))).toBe(true);
  expect(existsSync(trash)).toBe(true);
});

test("damage in the trash is in nobody's way", async () => {
  const trash = await trashedVolume();
  writeFileSync(join(trash, "record.json"), "{");
  makeUser();
  await reapVolumes(store());
  expect(existsSync(trash)).toBe(true);
});
