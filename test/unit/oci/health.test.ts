import { describe, expect, test } from "vitest";
import { checkCommand, type HealthFlags, parseHealth, withImageHealth } from "../../../src/oci/health.ts";

const none: HealthFlags = {
  cmd: "",
  interval: "30s",
  retries: 3,
  startPeriod: "0s",
  timeout: "30s",
  onFailure: "none",
  startupCmd: "",
  startupInterval: "30s",
  startupRetries: 0,
  startupSuccess: 0,
  startupTimeout: "30s",
  logDestination: "local",
  maxLogCount: 5,
  maxLogSize: 500,
  disabled: false,
};
const health = (flags: Partial<HealthFlags>) => parseHealth({ ...none, ...flags });

describe("--health-cmd", () => {
  test.each([
    ["curl -f localhost || exit 1", ["CMD-SHELL", "curl -f localhost || exit 1"]],
    ["/healthcheck", ["CMD-SHELL", "/healthcheck"]],
    ['["ls", "/a b"]', ["CMD", "ls", "/a b"]],
    ['["ls"]', ["CMD-SHELL", "ls"]],
    ['["CMD", "ls", "a b"]', ["CMD", "ls", "a b"]],
    ['["CMD-SHELL", "ls a"]', ["CMD-SHELL", "ls a"]],
    ["CMD ls  /a", ["CMD", "ls", "/a"]],
    ["CMD-SHELL ls | wc", ["CMD-SHELL", "ls | wc"]],
    ["none", ["NONE"]],
    ["NONE", ["NONE"]],
    ['["none"]', ["NONE"]],
  ])("%s", (cmd, expected) => {
    expect(health({ cmd }).check?.test).toEqual(expected);
  });

  test("with its times", () => {
    expect(
      health({ cmd: "x", interval: "1m30s", timeout: "500ms", startPeriod: "2s", retries: 7 }).check,
    ).toEqual({
      test: ["CMD-SHELL", "x"],
      interval: 90_000,
      timeout: 500,
      startPeriod: 2000,
      retries: 7,
    });
    expect(health({ cmd: "x", interval: "disable" }).check?.interval).toBe(0);
  });

  test.each<[Partial<HealthFlags>, string]>([
    [{ cmd: "x", retries: 0 }, "healthcheck-retries must be greater than 0"],
    [{ cmd: "x", timeout: "0s" }, "healthcheck-timeout must be at least 1 second"],
    [{ cmd: "x", startPeriod: "-1s" }, "healthcheck-start-period must be 0 seconds or greater"],
    [{ cmd: "x", interval: "soon" }, 'invalid healthcheck-interval: time: invalid duration "soon"'],
    [{ cmd: "[]" }, "must define a healthcheck command for all healthchecks"],
    [{ cmd: "x", disabled: true }, "cannot specify both --no-healthcheck and --health-cmd"],
    [{ startupCmd: "x", disabled: true }, "cannot specify both --no-healthcheck and --health-startup-cmd"],
    [
      { onFailure: "panic" },
      'invalid on-failure action "panic" for health check: supported actions are none,kill,restart,stop',
    ],
  ])("%j is refused", (flags, message) => {
    expect(() => health(flags)).toThrow(message);
  });
});

describe("the image's check", () => {
  const image = { Test: ["CMD-SHELL", "curl localhost"], Interval: 5e9, Retries: 2 };

  test("counts where the flags name none", () => {
    expect(withImageHealth(health({}), image).check).toEqual({
      test: image.Test,
      interval: 5000,
      timeout: 30_000,
      startPeriod: 0,
      retries: 2,
    });
    expect(withImageHealth(health({ cmd: "mine" }), image).check?.test).toEqual(["CMD-SHELL", "mine"]);
    expect(withImageHealth(health({ disabled: true }), image).check?.test).toEqual(["NONE"]);
    expect(withImageHealth(health({}), undefined).check).toBeNull();
  });

  test("is changed by flags that name none", () => {
    const changed = (given: Partial<HealthFlags>) =>
      withImageHealth(parseHealth({ ...none, ...given }, given), { ...image, StartPeriod: 3e9 });
    const all = { interval: "1s", timeout: "2s", startPeriod: "4s", retries: 9 };
    const checked = { test: image.Test, interval: 1000, timeout: 2000, startPeriod: 4000, retries: 9 };
    expect(changed(all)).toMatchObject({ check: checked });
    expect(changed(all)).not.toHaveProperty("ofImage");
    expect(changed({ interval: "disable", startPeriod: "0s" }).check).toMatchObject({
      interval: 0,
      startPeriod: 3000,
    });
    expect(changed({ interval: "0" }).check?.interval).toBe(5000);
    expect(() => changed({ retries: 0 })).toThrow("healthcheck-retries must be greater than 0");
    expect(() => changed({ timeout: "0s" })).toThrow("healthcheck-timeout must be at least 1 second");
    expect(withImageHealth(health({}), { Test: ["CMD", "x"] }).check?.retries).toBe(3);
  });

  test("is what --health-on-failure and a startup check need where there is no other", () => {
    expect(withImageHealth(health({ onFailure: "kill", startupCmd: "x" }), image).onFailure).toBe("kill");
    expect(() => withImageHealth(health({ onFailure: "kill" }), undefined)).toThrow(
      "cannot set on-failure action to kill without a health check",
    );
    expect(() => withImageHealth(health({ startupCmd: "x" }), {})).toThrow(
      "cannot set a startup healthcheck when there is no regular healthcheck: invalid argument",
    );
  });
});

test("what a check runs", () => {
  const command = (test: string[]) =>
    checkCommand({ test, interval: 0, timeout: 0, startPeriod: 0, retries: 0 });
  expect(command(["CMD-SHELL", "a b"])).toEqual(["/bin/sh", "-c", "a b"]);
  expect(command(["CMD", "a", "b"])).toEqual(["a", "b"]);
  expect(command(["/plain", "b"])).toEqual(["/plain", "b"]);
  for (const nothing of [["NONE"], [""], [], ["CMD"]]) expect(command(nothing)).toBeNull();
  expect(checkCommand(null)).toBeNull();
});
