import type { ContainerConfig } from "./container.ts";

/** Parts of /proc and /sys that show or change the host. */
const MASKED = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/dev/block",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
  "/sys/fs/selinux",
];

const READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

type Config = Pick<ContainerConfig, "privileged" | "security" | "network">;

export function maskedPaths(config: Config): string[] {
  const { mask, unmask } = config.security;
  if (config.privileged) return mask;
  // With the host's network /sys is the host's own, not a fresh sysfs of the network namespace.
  const all = config.network.kind === "host" ? [...MASKED, "/sys/kernel"] : MASKED;
  return [...all.filter((path) => !isUnmasked(path, unmask)), ...mask];
}

export function readonlyPaths(config: Config): string[] {
  return config.privileged ? [] : READ_ONLY.filter((path) => !isUnmasked(path, config.security.unmask));
}

/** `unmask` holds paths, shell patterns of one path component each, and ALL. */
export function isUnmasked(path: string, unmask: readonly string[]): boolean {
  return unmask.some((pattern) => pattern.toUpperCase() === "ALL" || matchesPath(pattern, path));
}

function matchesPath(pattern: string, path: string): boolean {
  const source = pattern
    .replace(/\/+$/, "")
    .replace(/[\\^$.|+(){}]/g, "\\$&")
    .replace(/\*/g, "[^/]*")
    .replace(/\?/g, "[^/]");
  try {
    return new RegExp(`^${source}$`).test(path);
  } catch {
    return false;
  }
}
