import { capabilityRequest, processCapabilities } from "./capabilities.ts";
import type { ContainerConfig } from "./container.ts";
import { processEnv } from "./env.ts";
import { isMapped, keepIdMapping, noMapMapping } from "./id-mapping.ts";
import { maskedPaths, readonlyPaths } from "./masked-paths.ts";
import { ownsNetwork } from "./network-flag.ts";
import { cgroupResources } from "./resources.ts";
import type {
  Device,
  IdMapping,
  Linux,
  Mount,
  Namespace,
  NamespaceType,
  Process,
  RuntimeSpec,
  Seccomp,
} from "./runtime-spec.ts";
import { resolveSeccomp } from "./seccomp.ts";
import { checkApparmor } from "./security-opt.ts";
import type { HostDevice, HostFacts, SpecInput } from "./spec-input.ts";
import { CONTAINER_INIT_PATH, containerMounts, rootfsPropagation } from "./spec-mounts.ts";
import { systemdEnv } from "./systemd.ts";
import { processRlimits } from "./ulimit.ts";
import { KEEP_GROUPS } from "./user.ts";

export type { HostDevice, HostFacts, SpecInput } from "./spec-input.ts";

/** All that is written is in 1.0 already, and crun before 1.8.2 refuses to read anything later. */
export const OCI_VERSION = "1.0.2";

/** The kernel's limit. */
const HOSTNAME_MAX = 64;

/** The short id or the name, or the host's name where the UTS or network namespace is the host's. */
export function containerHostname(
  config: ContainerConfig,
  { id, name }: { id: string; name: string },
  hostHostname: string,
): string {
  if (config.hostname) return config.hostname;
  if (config.uts.kind === "host" || config.network.kind === "host") return hostHostname;
  return config.nameAsHostname ? name.replaceAll("_", "").slice(0, HOSTNAME_MAX) : id.slice(0, 12);
}

/** `--user` for resolveUser: with keep-id and no choice it is the caller. */
export function requestedUser(config: ContainerConfig, host: Pick<HostFacts, "uid" | "gid">): string {
  if (config.user || config.userns.kind !== "keep-id") return config.user;
  return `${config.userns.uid ?? host.uid}:${config.userns.gid ?? host.gid}`;
}

/** With keep-id the caller's group is one of the process's, whoever that is. */
function keptGroup({ userns }: ContainerConfig, host: Pick<HostFacts, "gid">): number[] {
  return userns.kind === "keep-id" ? [userns.gid ?? host.gid] : [];
}

/** Mappings of the container's own user namespace inside of the shared one; null where it has none of its own. */
export function containerIdMappings(
  config: Pick<ContainerConfig, "userns" | "idMappings">,
  host: HostFacts,
): { uid: IdMapping[]; gid: IdMapping[] } | null {
  if (config.idMappings) return config.idMappings;
  switch (config.userns.kind) {
    case "keep-id": {
      const { uid = host.uid, gid = host.gid, size = Number.POSITIVE_INFINITY } = config.userns;
      return {
        uid: keepIdMapping(uid, Math.min(host.uidCount, size)),
        gid: keepIdMapping(gid, Math.min(host.gidCount, size)),
      };
    }
    case "nomap":
      return { uid: noMapMapping(host.uidCount), gid: noMapMapping(host.gidCount) };
    default:
      return null;
  }
}

/** The runtime config of a container, as Podman would write it. */
export function generateSpec(input: SpecInput): RuntimeSpec {
  const { config, host } = input;
  const mappings = containerIdMappings(config, host);
  const process = containerProcess(input);
  const mounts = containerMounts(input, hasTtyGroup(host, mappings?.gid ?? null));
  const spec: RuntimeSpec = {
    ociVersion: OCI_VERSION,
    process,
    root: config.readOnly ? { path: input.rootfs, readonly: true } : { path: input.rootfs },
    mounts,
    annotations: containerAnnotations(config),
    linux: linux(input, mappings, mounts, process),
  };
  if (config.uts.kind === "private" || config.uts.kind === "shareable") {
    spec.hostname = input.hostname;
    if (config.domainname) spec.domainname = config.domainname;
  }
  return spec;
}

/** devpts wants gid=5 (tty), which only works where that id is mapped. */
function hasTtyGroup(host: HostFacts, gidMappings: IdMapping[] | null): boolean {
  const tty = 5;
  if (gidMappings) return isMapped(gidMappings, tty);
  return !host.rootless || host.gidCount > tty;
}

function containerProcess(input: SpecInput): Process {
  const { config, host, user } = input;
  const process: Process = {
    user: {
      uid: user.uid,
      gid: user.gid,
      umask: Number.parseInt(config.umask || "0022", 8),
      additionalGids: [...new Set([...keptGroup(config, host), ...user.additionalGids])],
    },
    args: processArgs(config.init, input.args),
    env: processEnv(
      { ...config.env, ...systemdEnv(config, input.id), ...input.env },
      { home: user.home, hostname: input.hostname },
    ),
    cwd: config.workdir || "/",
    capabilities: processCapabilities({ ...capabilityRequest(config, host.capabilities), uid: user.uid }),
    rlimits: processRlimits(config, host),
  };
  if (config.terminal) process.terminal = true;
  if (config.security.noNewPrivileges) process.noNewPrivileges = true;
  if (config.oomScoreAdj !== null) {
    process.oomScoreAdj = host.rootless ? Math.max(config.oomScoreAdj, host.oomScoreAdj) : config.oomScoreAdj;
  }
  const { apparmor } = config.security;
  checkApparmor(apparmor, host.apparmor);
  const profile = apparmor || (config.privileged ? "" : host.defaultApparmor);
  if (host.apparmor && profile) process.apparmorProfile = profile;
  return process;
}

/** What is run, after the init if there is to be one. */
export function processArgs(init: boolean, args: readonly string[]): string[] {
  return init ? [CONTAINER_INIT_PATH, "--", ...args] : [...args];
}

/** Podman's own annotations, where they say yes, and those given. */
export function containerAnnotations(config: ContainerConfig): Record<string, string> {
  const flags: [string, boolean][] = [
    ["autoremove", config.autoRemove],
    ["init", config.init],
    ["privileged", config.privileged],
  ];
  const { label, seccomp, apparmor } = config.security;
  const set = [
    ...flags.filter(([, value]) => value).map(([name]) => [name, "TRUE"]),
    ...(label.length > 0 ? [["label", label.join(",label=")]] : []),
    ...(seccomp ? [["seccomp", seccomp]] : []),
    ...(apparmor ? [["apparmor", apparmor]] : []),
  ].map(([name, value]) => [`io.podman.annotations.${name}`, value]);
  const keepsGroups = config.groups.includes(KEEP_GROUPS);
  return {
    "io.container.manager": "libpod",
    "org.opencontainers.image.stopSignal": String(config.stopSignal),
    ...Object.fromEntries(set),
    ...(keepsGroups ? { "run.oci.keep_original_groups": "1" } : {}),
    ...config.annotations,
  };
}

function linux(
  input: SpecInput,
  mappings: { uid: IdMapping[]; gid: IdMapping[] } | null,
  mounts: Mount[],
  process: Process,
): Linux {
  const { config, host } = input;
  const result: Linux = { namespaces: namespaces(input) };
  if (mappings) {
    result.uidMappings = mappings.uid;
    result.gidMappings = mappings.gid;
  }
  if (config.personality) result.personality = { domain: config.personality };
  const sysctl = sysctls(config);
  if (Object.keys(sysctl).length > 0) result.sysctl = sysctl;

  // A user namespace has no device cgroup and no mknod: its devices are bind mounts (spec-mounts.ts).
  const bindDevices = host.rootless || config.userns.kind !== "host";
  if (!bindDevices && !config.privileged) result.devices = input.devices.map(specDevice);
  result.resources = cgroupResources(
    config.resources,
    bindDevices || config.privileged ? null : input.devices,
    input.deviceNumbers,
  );
  if (input.cgroupsPath !== null) result.cgroupsPath = input.cgroupsPath;

  const propagation = rootfsPropagation(mounts);
  if (propagation) result.rootfsPropagation = propagation;
  const seccomp = containerSeccomp(input, process);
  if (seccomp) result.seccomp = seccomp;
  const masked = maskedPaths(config);
  if (masked.length > 0) result.maskedPaths = masked;
  const readonly = readonlyPaths(config);
  if (readonly.length > 0) result.readonlyPaths = readonly;
  return result;
}

function specDevice(device: HostDevice): Device {
  const { type, containerPath, major, minor, fileMode, uid, gid } = device;
  return { type, path: containerPath, major, minor, fileMode, uid, gid };
}

/** --privileged drops the default profile, not one that was asked for. */
function containerSeccomp(input: SpecInput, process: Process): Seccomp | null {
  const { config, host } = input;
  if (!input.seccomp || (config.privileged && config.security.seccomp === "")) return null;
  return resolveSeccomp(input.seccomp, {
    arch: host.arch,
    kernel: host.kernel,
    capabilities: process.capabilities?.bounding ?? [],
  });
}

/** Ping works for every group of the container without CAP_NET_RAW. */
function sysctls(config: ContainerConfig): Record<string, string> {
  return {
    ...(ownsNetwork(config.network) ? { "net.ipv4.ping_group_range": "0 0" } : {}),
    ...config.sysctls,
  };
}

function namespaces(input: SpecInput): Namespace[] {
  const { config } = input;
  const modes: [NamespaceType, { kind: string }][] = [
    ["pid", config.pid],
    ["network", config.network],
    ["ipc", config.ipc],
    ["uts", config.uts],
    ["mount", { kind: "private" }],
    ["user", config.userns],
    ["cgroup", config.cgroupns],
  ];
  const result: Namespace[] = [];
  for (const [type, mode] of modes) {
    if (mode.kind === "host") continue;
    const path = input.namespaces[type] ?? ("path" in mode ? String(mode.path) : undefined);
    result.push(path === undefined ? { type } : { type, path });
  }
  return result;
}
