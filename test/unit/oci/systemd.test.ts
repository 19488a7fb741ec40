import { expect, test } from "vitest";
import { isSystemd, parseSystemdMode, systemdEnv, systemdMounts } from "../../../src/oci/systemd.ts";
import { containerConfig } from "./container-config.ts";

test.each([
  [["/sbin/init"], true],
  [["/usr/sbin/init", "3"], true],
  [["/lib/systemd/systemd"], true],
  [["systemd"], true],
  [["init"], false],
  [["/bin/sh", "/sbin/init"], false],
  [["/bin/sh", "-c", "/sbin/init"], true],
  [[], false],
])("--systemd=true with %j: %s", (argv, expected) => {
  expect(isSystemd("true", argv)).toBe(expected);
  expect(isSystemd("always", argv)).toBe(true);
  expect(isSystemd("false", argv)).toBe(false);
});

test("values", () => {
  expect(parseSystemdMode("Always")).toBe("always");
  expect(parseSystemdMode("")).toBe("true");
  expect(() => parseSystemdMode("foo")).toThrow('--systemd values must be one of "true, false, always"');
});

test("a tmpfs of the size asked for where nothing else is mounted", () => {
  const config = containerConfig({ systemd: true, shmSizeSystemd: 4096 });
  const mounts = systemdMounts(config, [{ destination: "/tmp" }]);
  expect(mounts.map(({ destination }) => destination)).toEqual(["/run", "/run/lock", "/var/log/journal"]);
  expect(mounts[0]?.options).toEqual(["rw", "rprivate", "nosuid", "nodev", "tmpcopyup", "size=4096"]);
  expect(systemdMounts(containerConfig(), [])).toEqual([]);
});

test("an id of the machine, unless the image has one", () => {
  const id = "ab".repeat(32);
  expect(systemdEnv(containerConfig({ systemd: true }), id)).toEqual({ container_uuid: "ab".repeat(16) });
  expect(systemdEnv(containerConfig({ systemd: true, env: { container_uuid: "x" } }), id)).toEqual({});
  expect(systemdEnv(containerConfig(), id)).toEqual({});
});
