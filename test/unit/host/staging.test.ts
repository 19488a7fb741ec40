import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isOwnerAlive, ownerName } from "../../../src/host/owner.ts";
import {
  createStaging,
  deadStaging,
  hasStaging,
  moveToTrash,
  reapStaging,
  removeTrees,
} from "../../../src/host/staging.ts";
import { useStore } from "../../support/store.ts";

const store = useStore();
const staging = () => join(store().graphRoot, "staging");
const dead = (kind: string) => `${kind}-999999999-1-${ownerName().split("-")[2]}-00000000`;

test("a staging directory names its live owner", () => {
  const { path } = createStaging(store(), "container");
  expect(isOwnerAlive(path)).toBe(true);
  expect(hasStaging(store(), "container", true)).toBe(true);
  expect(hasStaging(store(), "image", true)).toBe(false);
});

test("names without an owner are nobody's", () => {
  expect(isOwnerAlive("something")).toBeUndefined();
});

test("what a dead process left is removed, what a live one has stays", async () => {
  const live = createStaging(store(), "container");
  mkdirSync(join(staging(), dead("network"), "diff"), { recursive: true });
  writeFileSync(join(staging(), dead("volume")), "");
  await reapStaging(store());
  expect(readdirSync(staging())).toEqual([live.path.slice(staging().length + 1)]);
});

test("staging of dead image and create commands is left to those who also look at the store", async () => {
  for (const kind of ["image", "container"]) mkdirSync(join(staging(), dead(kind)), { recursive: true });
  await reapStaging(store());
  expect(hasStaging(store(), "image", false)).toBe(true);
  expect(deadStaging(store(), ["container"])).toEqual([join(staging(), dead("container"))]);
  await reapStaging(store(), () => true);
  expect(readdirSync(staging())).toEqual([]);
});

test("reaping a store that doesn't exist does nothing", async () => {
  await reapStaging(store());
  expect(existsSync(staging())).toBe(false);
});

test("committing is a rename out of it", async () => {
  const made = createStaging(store(), "volume");
  renameSync(made.path, join(store().graphRoot, "volume"));
  await made.remove();
  expect(readdirSync(staging())).toEqual([]);
});

test("trash is out of sight at once and removed later", async () => {
  const victim = join(store().graphRoot, "victim");
  mkdirSync(join(victim, "a/b"), { recursive: true });
  const moved = moveToTrash(store(), victim);
  expect(existsSync(victim)).toBe(false);
  await removeTrees(store(), [moved as string]);
  expect(readdirSync(staging())).toEqual([]);
  expect(moveToTrash(store(), victim)).toBeUndefined();
});
