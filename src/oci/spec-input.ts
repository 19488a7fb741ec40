import type { ContainerConfig, DeviceRequest } from "./container.ts";
import type { DeviceNumbers } from "./resources.ts";
import type { Mount, NamespaceType } from "./runtime-spec.ts";
import type { SeccompProfile } from "./seccomp.ts";
import type { ResolvedUser } from "./user.ts";

/** What the runtime config depends on beside the container: the caller and the machine. */
export interface HostFacts {
  /** Run in the user's own user namespace, not by real root. */
  rootless: boolean;
  /** The caller's ids on the host, which keep-id keeps. */
  uid: number;
  gid: number;
  /** Ids mapped in the user namespace that containers share, the caller's own included: 1 + subordinate ids. */
  uidCount: number;
  gidCount: number;
  /** allCapabilities(cap_last_cap), less what the caller's bounding set lacks. */
  capabilities: readonly string[];
  /** process.arch */
  arch: string;
  /** os.release() */
  kernel: string;
  /** AppArmor is there and profiles can be applied. */
  apparmor: boolean;
  /** The profile of containers that ask for none and aren't privileged. */
  defaultApparmor?: string | undefined;
  /** The caller's hard limits; -1 for none. */
  /** Hard ones of the caller, by name; -1: none. */
  limits: Readonly<Record<string, number>>;
  /** Of the kernel: one more than the highest pid. */
  pidMax: number;
  /** The caller's own oom_score_adj, below which an ordinary user can't go. */
  oomScoreAdj: number;
}

/** A device to give to a container, looked up on the host. */
export interface HostDevice extends DeviceRequest {
  /** Pipes are there among those of the Container Device Interface only. */
  type: "c" | "b" | "p";
  major: number;
  minor: number;
  fileMode: number;
  uid: number;
  gid: number;
}

export interface SpecInput {
  id: string;
  config: ContainerConfig;
  host: HostFacts;
  /** Where the rootfs is mounted when the container is created. */
  rootfs: string;
  args: string[];
  /** Added to config.env and stronger than it: secrets, TZ and the like. */
  env?: Record<string, string>;
  user: ResolvedUser;
  /** What `hostname` says in the container (containerHostname). */
  hostname: string;
  /** The container's volumes, binds, … with volumes resolved to their directories. */
  mounts: Mount[];
  /** Files of the engine bound over the image's: hosts, resolv.conf, hostname, .containerenv, passwd, secrets. */
  files: { source: string; destination: string; readOnly?: boolean }[];
  /** `--device`, or with --privileged all devices of the host. */
  devices: HostDevice[];
  /** Of a device of the host. */
  deviceNumbers: (path: string) => DeviceNumbers;
  /** Namespaces to join (`container:`, `ns:`, one made beforehand): their paths. */
  namespaces: Partial<Record<NamespaceType, string>>;
  /** /dev/shm of the container whose IPC namespace is joined. */
  shm?: string;
  /** Null: no cgroup of its own. */
  cgroupsPath: string | null;
  /** The default profile, one given by --security-opt, or null for unconfined. */
  seccomp: SeccompProfile | null;
}
