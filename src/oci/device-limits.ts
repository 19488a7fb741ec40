import { parseUint32 } from "./id-text.ts";
import { invalid } from "./invalid.ts";
import type { DeviceRule } from "./runtime-spec.ts";
import { parseBytes } from "./units.ts";

/** Limits for single devices of the host, named by their paths. */
export interface DeviceLimit {
  path: string;
  value: number;
}

/** `/dev/sda:100` of --blkio-weight-device. */
export function parseWeightDevice(text: string): DeviceLimit {
  const [path, value] = devicePath(text);
  const weight = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  const isWeight = weight === 0 || (weight >= 10 && weight <= 1000);
  if (!isWeight) throw invalid(`invalid weight for device: ${text}`);
  return { path, value: weight };
}

/** `/dev/sda:1mb` of --device-read-bps and --device-write-bps. */
export function parseDeviceBytes(text: string): DeviceLimit {
  const [path, value] = devicePath(text);
  try {
    return { path, value: parseBytes(value) };
  } catch {
    throw invalid(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
}

/** `/dev/sda:1000` of --device-read-iops and --device-write-iops. */
export function parseDeviceOperations(text: string): DeviceLimit {
  const [path, value] = devicePath(text);
  if (/^\d{1,15}$/.test(value)) return { path, value: Number(value) };
  throw invalid(
    `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
  );
}

function devicePath(text: string): [path: string, value: string] {
  const [path = "", value, more] = text.split(":");
  if (value === undefined || more !== undefined) throw invalid(`bad format: ${text}`);
  if (!path.startsWith("/dev/")) throw invalid(`bad format for device path: ${text}`);
  return [path, value];
}

/** `c 1:3 rwm` of --device-cgroup-rule; `*` is any number. */
export function parseDeviceRule(text: string): DeviceRule {
  const fields = text.split(" ");
  const [type, numbers = "", access = ""] = fields;
  const [major = "", minor, more] = numbers.split(":");
  if (fields.length !== 3 || minor === undefined || more !== undefined) {
    throw invalid(
      `invalid device cgroup rule requires type, major:Minor, and access rules: ${JSON.stringify(text)}`,
    );
  }
  if (type !== "a" && type !== "b" && type !== "c") {
    throw invalid(`invalid device type in device-access-add: ${type}`);
  }
  const wrong = /[^rwm]/.exec(access)?.[0];
  if (wrong || access === "") throw invalid(`invalid device access in device-access-add: ${wrong ?? ""}`);
  return {
    allow: true,
    type,
    ...(major === "*" ? {} : { major: parseUint32(major) }),
    ...(minor === "*" ? {} : { minor: parseUint32(minor) }),
    access,
  };
}
