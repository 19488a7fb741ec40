import type { ContainerConfig } from "./container.ts";
import { isUnmasked } from "./masked-paths.ts";
import { ownsNetwork } from "./network-flag.ts";
import type { Mount } from "./runtime-spec.ts";
import type { HostDevice, SpecInput } from "./spec-input.ts";
import { systemdMounts } from "./systemd.ts";

/** Where the init program is bound with --init. */
export const CONTAINER_INIT_PATH = "/run/podman-init";

const NO_PROGRAMS = ["nosuid", "noexec", "nodev"];

/** All mounts in the order in which they are made: a mount never hides one made before it. */
export function containerMounts(input: SpecInput, ttyGroup: boolean): Mount[] {
  const { config } = input;
  const asked = [...input.mounts, ...systemdMounts(config, input.mounts)];
  const requested = [...asked, ...readOnlyTmpfs(config, asked)];
  const replaced = new Set(requested.map((mount) => mount.destination));
  const own = [
    ...systemMounts(input, ttyGroup),
    ...deviceMounts(input),
    ...initMount(config),
    ...fileMounts(input),
  ].filter(
    ({ destination }) => !replaced.has(destination) && !(replaced.has("/dev") && isPartOfDev(destination)),
  );
  const depth = (mount: Mount) => mount.destination.split("/").filter(Boolean).length;
  return [...own, ...requested].sort((a, b) => depth(a) - depth(b));
}

/** What goes with another `/dev`; the memory that is shared there stays the container's. */
function isPartOfDev(destination: string): boolean {
  return destination.startsWith("/dev/") && destination !== "/dev/shm";
}

/** /proc, /dev, /sys and what is below them. */
function systemMounts(input: SpecInput, ttyGroup: boolean): Mount[] {
  const { config } = input;
  const inUserNamespace = input.host.rootless || config.userns.kind !== "host";
  // --read-only-tmpfs=false: nothing of the container is writable, its /dev neither.
  const devReadOnly = config.readOnly && !config.readOnlyTmpfs ? ["ro"] : [];
  const mounts: Mount[] = [
    procMount(config, inUserNamespace),
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "noexec", "strictatime", "mode=755", "size=65536k", ...devReadOnly],
    },
    sysMount(config, input.host.rootless),
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: [
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
        ...(ttyGroup ? ["gid=5"] : []),
      ],
    },
    mqueueMount(config, inUserNamespace),
    cgroupMount(config, input.cgroupsPath !== null),
  ];
  const shm = shmMount(input, devReadOnly);
  return shm ? [...mounts, shm] : mounts;
}

/** A new proc needs a new PID namespace where the caller isn't the host's root. */
function procMount(config: ContainerConfig, inUserNamespace: boolean): Mount {
  if (inUserNamespace && config.pid.kind === "host") {
    return { destination: "/proc", type: "bind", source: "/proc", options: ["rbind", ...NO_PROGRAMS] };
  }
  const options = [
    ...NO_PROGRAMS,
    ...config.security.procOpts.filter((option) => !NO_PROGRAMS.includes(option)),
  ];
  return { destination: "/proc", type: "proc", source: "proc", options };
}

/** A new sysfs shows a network namespace, and can only be made by the user namespace that owns that one. */
function sysMount(config: ContainerConfig, rootless: boolean): Mount {
  const access = config.privileged ? "rw" : "ro";
  const ownUserNamespace = config.userns.kind !== "host";
  const mountable = ownUserNamespace
    ? ownsNetwork(config.network)
    : config.network.kind !== "host" || !rootless;
  return mountable
    ? { destination: "/sys", type: "sysfs", source: "sysfs", options: [...NO_PROGRAMS, access] }
    : {
        destination: "/sys",
        type: "bind",
        source: "/sys",
        options: ["rprivate", ...NO_PROGRAMS, access, "rbind"],
      };
}

/**
 * A mount of its own also over the host's /sys: with the private cgroup namespace it shows the container's cgroup alone,
 * where the host's tree would show the caller's, writable for it (CVE-2023-25809).
 */
function cgroupMount(config: ContainerConfig, isOwn: boolean): Mount {
  // systemd gets its own cgroup to write in, never the one that it would share with the caller.
  const systemd = config.systemd && isOwn && config.cgroupns.kind === "private";
  const writable = systemd || config.privileged || isUnmasked("/sys/fs/cgroup", config.security.unmask);
  const options = ["rprivate", ...NO_PROGRAMS, "relatime", writable ? "rw" : "ro"];
  return { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options };
}

function mqueueMount(config: ContainerConfig, inUserNamespace: boolean): Mount {
  return inUserNamespace && config.ipc.kind === "host"
    ? { destination: "/dev/mqueue", type: "bind", source: "/dev/mqueue", options: ["bind", ...NO_PROGRAMS] }
    : { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: NO_PROGRAMS };
}

function shmMount(input: SpecInput, readOnly: string[]): Mount | null {
  const { config } = input;
  if (config.ipc.kind === "none") return null;
  const shared = config.ipc.kind === "host" ? "/dev/shm" : input.shm;
  if (shared) {
    const options = ["rbind", "rprivate", ...NO_PROGRAMS, ...readOnly];
    return { destination: "/dev/shm", type: "bind", source: shared, options };
  }
  const options = [...NO_PROGRAMS, "mode=1777", `size=${config.shmSize}`, ...readOnly];
  return { destination: "/dev/shm", type: "tmpfs", source: "shm", options };
}

/** In a user namespace nobody can make device nodes: the host's are bound. */
function deviceMounts(input: SpecInput): Mount[] {
  const bind = input.host.rootless || input.config.userns.kind !== "host" || input.config.privileged;
  return bind ? input.devices.map(deviceMount) : [];
}

const DEVICE_OPTIONS = ["slave", "nosuid", "noexec"];

/** Whether this is how a device is bound. */
export function isDeviceMount({ options = [] }: Mount): boolean {
  return DEVICE_OPTIONS.every((option, index) => options[index] === option);
}

function deviceMount(device: HostDevice): Mount {
  const access = device.permissions.includes("w") ? "rw" : "ro";
  const options = [...DEVICE_OPTIONS, access, "rbind"];
  return { destination: device.containerPath, type: "bind", source: device.hostPath, options };
}

function initMount(config: ContainerConfig): Mount[] {
  if (!config.init) return [];
  return [
    { destination: CONTAINER_INIT_PATH, type: "bind", source: config.initPath, options: ["bind", "ro"] },
  ];
}

function fileMounts(input: SpecInput): Mount[] {
  return input.files.map(({ source, destination, readOnly }) => ({
    destination,
    type: "bind",
    source,
    options: ["bind", "rprivate", ...(readOnly || input.config.readOnly ? ["ro", ...NO_PROGRAMS] : [])],
  }));
}

/** --read-only leaves these writable, unless something is mounted there. */
export function readOnlyTmpfs(config: ContainerConfig, mounts: readonly { destination: string }[]): Mount[] {
  if (!config.readOnly || !config.readOnlyTmpfs) return [];
  return ["/run", "/tmp", "/var/tmp"]
    .filter((destination) => !mounts.some((mount) => mount.destination === destination))
    .map((destination) => ({
      destination,
      type: "tmpfs",
      source: "tmpfs",
      options: ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"],
    }));
}

/** The rootfs must pass on what a shared or slave mount in it is to receive. */
export function rootfsPropagation(mounts: Mount[]): string | null {
  const options = mounts.flatMap((mount) => mount.options ?? []);
  if (options.includes("shared") || options.includes("rshared")) return "shared";
  if (options.includes("slave") || options.includes("rslave")) return "rslave";
  return null;
}
