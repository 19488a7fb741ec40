import { keyAndValue } from "../../oci/key-value.ts";
/** Limits of `run` and `create`. */

import { EngineError } from "../../errors.ts";
import type { ResourceLimits } from "../../oci/container.ts";
import {
  parseDeviceBytes,
  parseDeviceOperations,
  parseDeviceRule,
  parseWeightDevice,
} from "../../oci/device-limits.ts";
import { cpusToQuota } from "../../oci/resources.ts";
import { parseBytes } from "../../oci/units.ts";
import * as flag from "../flags.ts";

const FORMAT =
  "(format: <number>[<unit>], where unit = b (bytes), k (kibibytes), m (mebibytes), or g (gibibytes))";

/** A number of bytes. */
export function sizeFlag(description: string, options: { char?: "m"; default?: string } = {}) {
  return flag.string({
    value: "<number>[<unit>]",
    description: `${description} ${FORMAT}`,
    default: "",
    ...options,
  });
}

export const resourceFlags = {
  "blkio-weight-device": flag.stringArray({
    description: "Block IO weight (relative device weight, format: DEVICE_NAME:WEIGHT)",
    completes: "file",
  }),
  "blkio-weight": flag.string({
    description: "Block IO weight (relative weight) accepts a weight value between 10 and 1000.",
    default: "",
  }),
  "cgroup-conf": flag.strings({ description: "Configure cgroup v2 (key=value)" }),
  "cgroup-parent": flag.string({
    description: "Optional parent cgroup for the container",
    default: "",
    completes: "file",
  }),
  cgroups: flag.string({
    description: 'Control container cgroup configuration ("enabled"|"disabled"|"no-conmon"|"split")',
    default: "enabled",
    choices: ["enabled", "disabled", "no-conmon", "split"],
  }),
  "cpu-period": flag.uint({
    description: "Limit the CPU CFS (Completely Fair Scheduler) period",
    default: 0,
  }),
  "cpu-quota": flag.int({ description: "Limit the CPU CFS (Completely Fair Scheduler) quota", default: 0 }),
  "cpu-rt-period": flag.uint({ description: "Limit the CPU real-time period in microseconds", default: 0 }),
  "cpu-rt-runtime": flag.int({ description: "Limit the CPU real-time runtime in microseconds", default: 0 }),
  "cpu-shares": flag.uint({ char: "c", description: "CPU shares (relative weight)", default: 0 }),
  cpus: flag.float({ description: "Number of CPUs. The default is 0.000 which means no limit", default: 0 }),
  "cpuset-cpus": flag.string({ description: "CPUs in which to allow execution (0-3, 0,1)", default: "" }),
  "cpuset-mems": flag.string({
    description:
      "Memory nodes (MEMs) in which to allow execution (0-3, 0,1). Only effective on NUMA systems.",
    default: "",
  }),
  "device-cgroup-rule": flag.strings({ description: "Add a rule to the cgroup allowed devices list" }),
  "device-read-bps": flag.stringArray({
    description: "Limit read rate (bytes per second) from a device (e.g. --device-read-bps=/dev/sda:1mb)",
    completes: "file",
  }),
  "device-read-iops": flag.stringArray({
    description: "Limit read rate (IO per second) from a device (e.g. --device-read-iops=/dev/sda:1000)",
    completes: "file",
  }),
  "device-write-bps": flag.stringArray({
    description: "Limit write rate (bytes per second) to a device (e.g. --device-write-bps=/dev/sda:1mb)",
    completes: "file",
  }),
  "device-write-iops": flag.stringArray({
    description: "Limit write rate (IO per second) to a device (e.g. --device-write-iops=/dev/sda:1000)",
    completes: "file",
  }),
  memory: sizeFlag("Memory limit", { char: "m" }),
  "memory-reservation": sizeFlag("Memory soft limit"),
  "memory-swap": flag.string({
    description: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
    default: "",
  }),
  "memory-swappiness": flag.int({
    description: "Tune container memory swappiness (0 to 100, or -1 for system default)",
    default: -1,
  }),
  "oom-kill-disable": flag.boolean({ description: "Disable OOM Killer" }),
  "oom-score-adj": flag.int({ description: "Tune the host's OOM preferences (-1000 to 1000)" }),
  "pids-limit": flag.int({ description: "Tune container pids limit (set -1 for unlimited)" }),
};

const { "cgroup-conf": _conf, "cgroup-parent": _parent, cgroups: _cgroups, ...changeable } = resourceFlags;
const {
  "device-cgroup-rule": _rule,
  "oom-kill-disable": _kill,
  "oom-score-adj": _score,
  ...limits
} = changeable;

/** Those that `update` can change. */
export const limitFlags = limits;

const DEVICE_FLAGS = [
  ["blkio-weight-device", "weightDevices", parseWeightDevice],
  ["device-read-bps", "readBps", parseDeviceBytes],
  ["device-write-bps", "writeBps", parseDeviceBytes],
  ["device-read-iops", "readIops", parseDeviceOperations],
  ["device-write-iops", "writeIops", parseDeviceOperations],
] as const;

type ResourceFlags = flag.FlagValues<typeof resourceFlags>;

export function resources(flags: ResourceFlags, given: ReadonlySet<string>): ResourceLimits {
  if (flags["oom-kill-disable"]) throw usage("OOM kill disable not supported on cgroups V2 systems");
  const memory = bytes("memory", flags.memory);
  const swap = flags["memory-swap"];
  const memorySwap = swap === "-1" ? -1 : bytes("memory", swap);
  if (memorySwap > 0 && memorySwap < memory) {
    throw usage("minimum memoryswap limit should be larger than memory limit, see usage");
  }
  const fromCpus = flags.cpus > 0 ? cpusToQuota(flags.cpus) : undefined;
  const limits: ResourceLimits = {
    memory,
    memoryReservation: bytes("memory", flags["memory-reservation"]),
    memorySwap,
    cpuPeriod: fromCpus?.period ?? flags["cpu-period"],
    cpuQuota: fromCpus?.quota ?? Math.max(flags["cpu-quota"], 0),
    cpuShares: flags["cpu-shares"],
    cpusetCpus: flags["cpuset-cpus"],
    cpusetMems: flags["cpuset-mems"],
    pidsLimit: flags["pids-limit"] ?? 0,
  };
  const swappiness = flags["memory-swappiness"];
  if (swappiness < -1 || swappiness > 100) throw usage("memory-swappiness must be between 0 and 100, or -1");
  if (swappiness >= 0) limits.memorySwappiness = swappiness;
  if (given.has("blkio-weight")) limits.blkioWeight = blkioWeight(flags["blkio-weight"]);
  for (const [name, member, parse] of DEVICE_FLAGS) {
    if (flags[name].length > 0) limits[member] = flags[name].map(parse);
  }
  if (flags["device-cgroup-rule"].length > 0) {
    limits.deviceRules = flags["device-cgroup-rule"].map(parseDeviceRule);
  }
  if (flags["cgroup-conf"].length > 0) {
    limits.unified = Object.fromEntries(flags["cgroup-conf"].map((text) => keyValue("cgroup-conf", text)));
  }
  return limits;
}

const MEMBERS: Partial<Record<keyof typeof limitFlags, (keyof ResourceLimits)[]>> = {
  "blkio-weight": ["blkioWeight"],
  "cpu-period": ["cpuPeriod"],
  "cpu-quota": ["cpuQuota"],
  "cpu-shares": ["cpuShares"],
  cpus: ["cpuPeriod", "cpuQuota"],
  "cpuset-cpus": ["cpusetCpus"],
  "cpuset-mems": ["cpusetMems"],
  memory: ["memory"],
  "memory-reservation": ["memoryReservation"],
  "memory-swap": ["memorySwap"],
  "memory-swappiness": ["memorySwappiness"],
  "pids-limit": ["pidsLimit"],
  ...Object.fromEntries(DEVICE_FLAGS.map(([name, member]) => [name, [member]])),
};

/** Only what was given. */
export function limitChanges(
  flags: flag.FlagValues<typeof limitFlags>,
  given: ReadonlySet<string>,
): Partial<ResourceLimits> {
  const [missing] = realtimeLimits(flags);
  if (missing) throw usage(missing);
  for (const name of ["cpu-period", "cpu-quota"]) {
    if (given.has(name) && given.has("cpus")) throw usage(`--${name} and --cpus cannot be set together`);
  }
  const asked = resources(
    {
      ...flags,
      "cgroup-conf": [],
      "cgroup-parent": "",
      cgroups: "",
      "device-cgroup-rule": [],
      "oom-kill-disable": false,
      "oom-score-adj": undefined,
    },
    given,
  );
  const members = Object.entries(MEMBERS).flatMap(([name, list]) => (given.has(name) ? list : []));
  return Object.fromEntries(members.map((member) => [member, asked[member]]));
}

function blkioWeight(text: string): number {
  const weight = Number(text);
  if (!/^\d+$/.test(text)) {
    throw usage(
      `invalid value for blkio-weight: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  if (weight !== 0 && (weight < 10 || weight > 1000)) {
    throw usage(`invalid value for blkio-weight: "${text}" is not a weight between 10 and 1000`);
  }
  return weight;
}

function keyValue(name: string, text: string): [string, string] {
  const [key, value] = keyAndValue(text);
  if (key === "" || value === undefined) throw usage(`--${name} must be formatted KEY=VALUE`);
  return [key, value];
}

/** A size, 0 where not given. */
export function bytes(name: string, text: string, failure = `invalid value for ${name}`): number {
  if (text === "") return 0;
  try {
    return parseBytes(text);
  } catch (cause) {
    throw new EngineError("usage", `${failure}: ${(cause as Error).message}`, { cause });
  }
}

/** What to tell of limits that only cgroup v1 had: a container is made without them. */
export function realtimeLimits(flags: Pick<ResourceFlags, "cpu-rt-period" | "cpu-rt-runtime">): string[] {
  const asked: [boolean, string][] = [
    [flags["cpu-rt-period"] > 0, "Realtime period"],
    [flags["cpu-rt-runtime"] > 0, "Realtime runtime"],
  ];
  return asked.flatMap(([isAsked, what]) => (isAsked ? `${what} not supported on cgroups V2 systems` : []));
}

function usage(message: string): EngineError {
  return new EngineError("usage", message);
}
