import { expect, test } from "vitest";
import {
  parseDeviceBytes,
  parseDeviceOperations,
  parseDeviceRule,
  parseWeightDevice,
} from "../../../src/oci/device-limits.ts";

test("limits of a device", () => {
  expect(parseWeightDevice("/dev/sda:100")).toEqual({ path: "/dev/sda", value: 100 });
  expect(parseDeviceBytes("/dev/sda:1mb")).toEqual({ path: "/dev/sda", value: 2 ** 20 });
  expect(parseDeviceOperations("/dev/sda:1000")).toEqual({ path: "/dev/sda", value: 1000 });
});

test.each([
  [parseWeightDevice, "/dev/sda", "bad format: /dev/sda"],
  [parseWeightDevice, "sda:100", "bad format for device path: sda:100"],
  [parseWeightDevice, "/dev/sda:5", "invalid weight for device: /dev/sda:5"],
  [parseDeviceBytes, "/dev/sda:1x", "The correct format is <device-path>:<number>[<unit>]"],
  [parseDeviceOperations, "/dev/sda:1k", "The correct format is <device-path>:<number>. Number"],
])("%o refuses %s", (parse, text, message) => {
  expect(() => parse(text)).toThrow(message);
});

test("--device-cgroup-rule", () => {
  expect(parseDeviceRule("c 1:3 rwm")).toEqual({ allow: true, type: "c", major: 1, minor: 3, access: "rwm" });
  expect(parseDeviceRule("b 8:* r")).toEqual({ allow: true, type: "b", major: 8, access: "r" });
  expect(parseDeviceRule("a *:* m")).toEqual({ allow: true, type: "a", access: "m" });
});

test.each([
  ["c 1:3", "invalid device cgroup rule requires type, major:Minor, and access rules"],
  ["x 1:3 rwm", "invalid device type in device-access-add: x"],
  ["c 1:z rwm", 'strconv.ParseUint: parsing "z": invalid syntax'],
  ["c 1:3 rwx", "invalid device access in device-access-add: x"],
])("--device-cgroup-rule %s is refused", (text, message) => {
  expect(() => parseDeviceRule(text)).toThrow(message);
});
