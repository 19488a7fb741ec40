import { EngineError } from "../errors.ts";
import type { Capabilities } from "./runtime-spec.ts";

/** In the kernel's numbering, linux/capability.h. */
const CAPABILITIES =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN " +
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE";

export const defaultCapabilities: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_NET_BIND_SERVICE",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

/** Every capability of a kernel whose /proc/sys/kernel/cap_last_cap is `last`. */
export function allCapabilities(last: number): string[] {
  return CAPABILITIES.split(" ")
    .slice(0, last + 1)
    .map((name) => `CAP_${name}`);
}

/** `net_raw`, `CAP_NET_RAW` → `CAP_NET_RAW`; `all` → `ALL`. */
export function normalizeCapability(name: string): string {
  const upper = name.toUpperCase();
  if (upper === "ALL") return upper;
  const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (!CAPABILITIES.split(" ").includes(full.slice(4))) {
    throw new EngineError("unknown-capability", `"${full}": unknown capability`);
  }
  return full;
}

/**
 * The set that `--cap-add` and `--cap-drop` make of `base`, sorted. `available` is what can be given at all: ALL means
 * those, and what isn't among them is left out, as an older kernel doesn't know it.
 */
export function mergeCapabilities(
  base: readonly string[],
  add: readonly string[],
  drop: readonly string[],
  available: readonly string[],
): string[] {
  const added = new Set(add.map(normalizeCapability));
  const dropped = new Set(drop.map(normalizeCapability));
  if (added.has("ALL") && dropped.has("ALL")) {
    throw new EngineError("invalid-argument", "adding all caps and removing all caps not allowed");
  }
  for (const name of added) {
    if (dropped.has(name)) {
      throw new EngineError("invalid-argument", `capability "${name}" cannot be dropped and added`);
    }
  }
  let names: Iterable<string>;
  if (dropped.has("ALL")) names = added;
  else if (added.has("ALL")) names = available;
  else names = new Set([...base, ...added]);
  return [...names].filter((name) => !dropped.has(name) && available.includes(name)).sort();
}

export interface CapabilityRequest {
  /** In place of the default ones. */
  base?: readonly string[] | undefined;
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
  /** What this kernel and this process's bounding set offer. */
  available: readonly string[];
  uid: number;
}

/**
 * The five sets of a container's first process. Inheritable and ambient stay empty for root: non-empty inheritable sets
 * let unprivileged programs with file capabilities gain privileges (CVE-2022-27649). Another user only has what was asked for by name,
 * and needs the ambient set to keep it over execve.
 */
export function processCapabilities(request: CapabilityRequest): Capabilities {
  const { base = defaultCapabilities, add, drop, privileged, available, uid } = request;
  const bounding = privileged ? [...available].sort() : mergeCapabilities(base, add, drop, available);
  if (uid === 0) return { bounding, effective: bounding, permitted: bounding };
  const own = mergeCapabilities([], add, drop, available).filter((name) => bounding.includes(name));
  if (own.length === 0) return { bounding };
  return { bounding, effective: own, inheritable: own, permitted: own, ambient: own };
}
