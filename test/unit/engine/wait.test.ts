import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitContainer } from "../../../src/engine/container/wait.ts";
import { self } from "../../../src/host/process.ts";
import { useStore } from "../../support/store.ts";
import { containerConfig } from "../oci/container-config.ts";

const store = useStore();
const id = "a".repeat(64);
const directory = () => join(store().graphRoot, "containers", id);
const options = { conditions: [], interval: 250 };

/** A container whose monitor is this process, and whose socket is gone already. */
function makeContainer() {
  mkdirSync(directory(), { recursive: true });
  const record = { version: 1, id, name: "c", config: containerConfig() };
  writeFileSync(join(directory(), "record.json"), JSON.stringify(record));
  writeStatus({ status: "running", monitor: self(), socket: join(directory(), "socket"), exitCode: 0 });
}

function writeStatus(status: object) {
  writeFileSync(join(directory(), "status.json"), JSON.stringify({ helpers: [], ...status }));
}

test("the exit code comes as soon as it is written", async () => {
  makeContainer();
  const waiting = waitContainer(store(), id, { ...options, interval: 60_000 });
  writeStatus({ status: "exited", exitCode: 7 });
  expect(await waiting).toBe(7);
});

test("a container that is removed before its exit code was seen has none, and not 0", async () => {
  makeContainer();
  const waiting = waitContainer(store(), id, options);
  rmSync(directory(), { recursive: true });
  await expect(waiting).rejects.toThrow(/was removed while waiting for it: no such container/);
});

test("the end of a removal, with the exit code if there was one", async () => {
  makeContainer();
  const conditions = ["removing"];
  writeStatus({ status: "exited", startedAt: "2026-01-01T00:00:00Z", exitCode: 4 });
  const removed = waitContainer(store(), id, { conditions, interval: 1 });
  rmSync(directory(), { recursive: true });
  expect(await removed).toBe(4);
  makeContainer();
  const unseen = waitContainer(store(), id, { conditions, interval: 1 });
  rmSync(directory(), { recursive: true });
  expect(await unseen).toBe(-1);
});

test("health is not waited for where nothing is checked", async () => {
  makeContainer();
  await expect(waitContainer(store(), id, { ...options, conditions: ["healthy"] })).rejects.toThrow(
    `cannot use condition "healthy": container ${id} has no healthcheck`,
  );
});

test("of several conditions the one that is met decides whether there is an exit code", async () => {
  makeContainer();
  writeStatus({ status: "exited", exitCode: 7 });
  const wait = (...conditions: string[]) => waitContainer(store(), id, { ...options, conditions });
  expect(await wait("running", "exited")).toBe(7);
  expect(await wait("exited", "running")).toBe(7);
});
