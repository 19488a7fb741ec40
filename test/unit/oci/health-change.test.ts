import { expect, test } from "vitest";
import type { HealthConfig } from "../../../src/oci/health.ts";
import { changedHealth } from "../../../src/oci/health-change.ts";

const old: HealthConfig = {
  check: { test: ["CMD-SHELL", "old"], interval: 1000, timeout: 2000, startPeriod: 3000, retries: 4 },
  startup: null,
  onFailure: "kill",
  logDestination: "local",
  maxLogCount: 5,
  maxLogSize: 500,
};

test("only what is given changes", () => {
  expect(changedHealth(old, {})).toEqual(old);
  expect(changedHealth(old, { interval: "7s", retries: 9 })).toEqual({
    ...old,
    check: { ...old.check, interval: 7000, retries: 9 },
  });
  expect(changedHealth(old, { cmd: "new", interval: "disable" }).check).toEqual({
    ...old.check,
    test: ["CMD-SHELL", "new"],
    interval: 0,
  });
  expect(changedHealth(old, { onFailure: "stop", maxLogCount: 0 })).toEqual({
    ...old,
    onFailure: "stop",
    maxLogCount: 0,
  });
});

test("a container without checks gets them, with the usual values", () => {
  expect(changedHealth(undefined, { cmd: "new" }).check).toEqual({
    test: ["CMD-SHELL", "new"],
    interval: 30_000,
    timeout: 30_000,
    startPeriod: 0,
    retries: 3,
  });
  expect(changedHealth(old, { startupCmd: "up", startupSuccess: 2 }).startup).toEqual({
    test: ["CMD-SHELL", "up"],
    interval: 30_000,
    timeout: 30_000,
    startPeriod: 0,
    retries: 0,
    successes: 2,
  });
});

test("--no-healthcheck takes them away, and they can come again", () => {
  const none = changedHealth(old, { disabled: true });
  expect(none).toMatchObject({ check: { test: ["NONE"] }, startup: null });
  expect(changedHealth(none, { cmd: "new" }).check?.interval).toBe(30_000);
});

test.each<[object, RegExp]>([
  [{ interval: "1s" }, /^healthcheck command is not set$/],
  [{ startupRetries: 1 }, /^startup healthcheck command is not set$/],
  [{ startupCmd: "x" }, /no regular healthcheck/],
  [{ onFailure: "kill" }, /without a health check/],
  [{ cmd: "x", disabled: true }, /both --no-healthcheck and --health-cmd/],
  [{ cmd: "x", retries: 0 }, /greater than 0/],
  [{ cmd: "x", timeout: "x" }, /invalid healthcheck-timeout/],
])("%j is refused", (given, reason) => {
  expect(() => changedHealth(undefined, given)).toThrow(reason);
});
