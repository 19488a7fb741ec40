import { EngineError, rephrase } from "../errors.ts";
import type { ContainerConfig } from "./container.ts";
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
  /** The container's own and its image's, one of which may say how few capabilities it needs. */
  labels?: Readonly<Record<string, string>>;
  /** What this kernel and this process's bounding set offer. */
  available: readonly string[];
  uid: number;
}

/** What a container's flags, configuration and labels say. */
export function capabilityRequest(
  { defaultCapabilities: base, capAdd: add, capDrop: drop, privileged, labels }: ContainerConfig,
  available: readonly string[],
): Omit<CapabilityRequest, "uid"> {
  return { base, add, drop, privileged, labels, available };
}

/**
 * The five sets of a container's first process. Inheritable and ambient stay empty for root: non-empty inheritable sets
 * let unprivileged programs with file capabilities gain privileges (CVE-2022-27649). Another user only has what was asked for by name,
 * and needs the ambient set to keep it over execve.
 */
export function processCapabilities(request: CapabilityRequest): Capabilities {
  const { add, drop, available, uid } = request;
  const bounding = boundingSet(request);
  if (uid === 0) return { bounding, effective: bounding, permitted: bounding };
  const own = mergeCapabilities([], add, drop, available).filter((name) => bounding.includes(name));
  if (own.length === 0) return { bounding };
  return { bounding, effective: own, inheritable: own, permitted: own, ambient: own };
}

function boundingSet(request: Omit<CapabilityRequest, "uid">): string[] {
  if (request.privileged) return [...request.available].sort();
  const needed = neededCapabilities(request);
  return needed && refusedCapabilities(request).length === 0 ? needed : allowedCapabilities(request);
}

function allowedCapabilities({
  base = defaultCapabilities,
  add,
  drop,
  available,
}: Omit<CapabilityRequest, "uid">): string[] {
  return mergeCapabilities(base, add, drop, available);
}

/** The only ones that a container needs, if a label says so; an empty one means none at all. */
function neededCapabilities({
  labels = {},
  available,
}: Omit<CapabilityRequest, "uid">): string[] | undefined {
  const label = labels["io.containers.capabilities"];
  if (label === undefined) return undefined;
  try {
    return mergeCapabilities([], label === "" ? [] : label.split(","), [], available);
  } catch (error) {
    throw rephrase(error, { prefix: 'capabilities requested by user or image are not valid: "": ' });
  }
}

/** What a label names but the flags don't allow: then all that they do is given, as without the label. */
export function refusedCapabilities(request: Omit<CapabilityRequest, "uid">): string[] {
  if (request.privileged) return [];
  const allowed = allowedCapabilities(request);
  return (neededCapabilities(request) ?? []).filter((name) => !allowed.includes(name));
}
