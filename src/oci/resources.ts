import type { ResourceLimits } from "./container.ts";
import type { DeviceLimit } from "./device-limits.ts";
import type { BlockIO, DeviceRule, Resources } from "./runtime-spec.ts";
import type { HostDevice } from "./spec-input.ts";

/** In microseconds; the kernel's default. */
export const CPU_PERIOD = 100_000;

/** `--cpus 1.5` as quota and period. */
export function cpusToQuota(cpus: number): { quota: number; period: number } {
  return { quota: Math.round(cpus * CPU_PERIOD), period: CPU_PERIOD };
}

/** Podman: without --memory-swap a container may swap as much as its memory limit again. */
export function swapLimit({ memory, memorySwap }: Pick<ResourceLimits, "memory" | "memorySwap">): number {
  return memorySwap || (memory > 0 ? memory * 2 : 0);
}

/**
 * Limits as the runtime config has them. `devices`: those allowed, null where the device cgroup isn't used; `numbers`:
 * of the devices that limits name by their paths.
 */
export function cgroupResources(
  limits: ResourceLimits,
  devices: HostDevice[] | null,
  numbers: NumbersOf,
): Resources {
  const resources: Resources = {};
  if (devices) resources.devices = [...deviceRules(devices), ...(limits.deviceRules ?? [])];

  const swap = swapLimit(limits);
  const memory = given({
    limit: limits.memory,
    reservation: limits.memoryReservation,
    swap,
    swappiness: limits.memorySwappiness,
  });
  if (memory) resources.memory = memory;

  const cpu = given({
    shares: limits.cpuShares,
    quota: limits.cpuQuota,
    period: limits.cpuPeriod,
    cpus: limits.cpusetCpus,
    mems: limits.cpusetMems,
  });
  if (cpu) resources.cpu = cpu;
  if (limits.pidsLimit !== 0) resources.pids = { limit: limits.pidsLimit };
  const io = blockIO(limits, numbers);
  if (Object.keys(io).length > 0) resources.blockIO = io;
  if (limits.unified && Object.keys(limits.unified).length > 0) resources.unified = limits.unified;
  return resources;
}

/** The cgroup controllers that limits need. */
export function neededControllers({ memory, cpu, pids, blockIO, unified }: Resources): string[] {
  const { cpus, mems, ...time } = cpu ?? {};
  const needed = {
    memory: memory !== undefined,
    cpu: Object.keys(time).length > 0,
    cpuset: Boolean(cpus || mems),
    // No limit needs no controller.
    pids: pids !== undefined && pids.limit > 0,
    io: blockIO !== undefined,
  };
  const ofFiles = Object.keys(unified ?? {}).map(controllerOf);
  const ofLimits = Object.entries(needed).flatMap(([name, isNeeded]) => (isNeeded ? name : []));
  return [...new Set([...ofLimits, ...ofFiles])].filter((name) => name !== "cgroup");
}

/** Without the limits that need other controllers than these. */
export function withControllers(resources: Resources, available: readonly string[]): Resources {
  const { memory, cpu, pids, blockIO, unified, ...others } = resources;
  const has = (name: string) => name === "cgroup" || available.includes(name);
  const { cpus, mems, ...time } = cpu ?? {};
  const places = { ...(cpus ? { cpus } : {}), ...(mems ? { mems } : {}) };
  const kept = { ...(has("cpu") ? time : {}), ...(has("cpuset") ? places : {}) };
  const files = Object.entries(unified ?? {}).filter(([file]) => has(controllerOf(file)));
  return {
    ...others,
    ...(memory && has("memory") ? { memory } : {}),
    ...(Object.keys(kept).length > 0 ? { cpu: kept } : {}),
    ...(pids && has("pids") ? { pids } : {}),
    ...(blockIO && has("io") ? { blockIO } : {}),
    ...(files.length > 0 ? { unified: Object.fromEntries(files) } : {}),
  };
}

/** `memory.high` is a file of `memory`; those of `cgroup` are always there. */
function controllerOf(file: string): string {
  return file.split(".")[0] ?? "";
}

export interface DeviceNumbers {
  major: number;
  minor: number;
}

/** Of a device that a limit names; who looks them up says so in other words for a weight. */
type NumbersOf = (path: string, of?: "weight") => DeviceNumbers;

function blockIO(limits: ResourceLimits, numbers: NumbersOf): BlockIO {
  const rates = (list: DeviceLimit[] | undefined) =>
    list && list.length > 0 ? list.map(({ path, value }) => ({ ...numbers(path), rate: value })) : undefined;
  const weights = limits.weightDevices?.map(({ path, value }) => ({
    ...numbers(path, "weight"),
    weight: value,
  }));
  const io: { [K in keyof BlockIO]: BlockIO[K] | undefined } = {
    weight: limits.blkioWeight || undefined,
    weightDevice: weights && weights.length > 0 ? weights : undefined,
    throttleReadBpsDevice: rates(limits.readBps),
    throttleWriteBpsDevice: rates(limits.writeBps),
    throttleReadIOPSDevice: rates(limits.readIops),
    throttleWriteIOPSDevice: rates(limits.writeIops),
  };
  return Object.fromEntries(Object.entries(io).filter(([, value]) => value !== undefined)) as BlockIO;
}

/** Without the members that weren't asked for (0, "", undefined), or null when none was. */
function given<T extends Record<string, string | number | undefined>>(
  values: T,
): { [K in keyof T]?: NonNullable<T[K]> } | null {
  const entries = Object.entries(values).filter(([, value]) => value);
  return entries.length > 0 ? (Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> }) : null;
}

function deviceRules(devices: HostDevice[]): DeviceRule[] {
  const nodes = devices.filter(({ type, permissions }) => type !== "p" && permissions !== "");
  const allowed = nodes.map(({ type, major, minor, permissions }) => ({
    allow: true,
    type: type as "c" | "b",
    major,
    minor,
    access: permissions,
  }));
  return [{ allow: false, access: "rwm" }, ...allowed];
}
