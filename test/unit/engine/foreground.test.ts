import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
// Else loaded by what is tested, which would take long for that alone.
import "../../../src/engine/container/drop.ts";
import { removeIfAsked } from "../../../src/engine/container/foreground.ts";
import { identify } from "../../../src/host/process.ts";
import type { ContainerRecord } from "../../../src/runtime/records.ts";
import { useStore } from "../../support/store.ts";
import { containerConfig } from "../oci/container-config.ts";

const store = useStore();

test("with --rm who has just started a container, or may start it again, is waited for", async () => {
  const id = "a".repeat(64);
  const directory = join(store().graphRoot, "containers", id);
  mkdirSync(directory, { recursive: true });
  const starter = spawn("sleep", ["1000"]);
  onTestFinished(() => void starter.kill("SIGKILL"));
  const record = {
    version: 1,
    id,
    name: "c",
    creator: identify(starter.pid as number),
    startPending: true,
    config: containerConfig({ autoRemove: true }),
  } as unknown as ContainerRecord;
  writeFileSync(join(directory, "record.json"), JSON.stringify(record));
  const status = { status: "exited", startedAt: "2026-01-01T00:00:00Z", exitCode: 0, helpers: [] };
  writeFileSync(join(directory, "status.json"), JSON.stringify(status));
  const removal = removeIfAsked(store(), record);
  expect(await Promise.race([removal, sleep(100, "waits")])).toBe("waits");
  expect(existsSync(directory)).toBe(true);
  starter.kill("SIGKILL");
  await removal;
  expect(existsSync(directory)).toBe(false);
});
