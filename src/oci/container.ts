/**
 * What a container was asked to be: the immutable part of its record, made by `create` from flags and image, and the
 * input of the runtime config (generate-spec.ts). Plain data; all paths absolute, all times in seconds unless said.
 */

import type { DeviceLimit } from "./device-limits.ts";
import type { HealthConfig } from "./health.ts";
import type { DeviceRule, IdMapping } from "./runtime-spec.ts";

export interface MountRequest {
  type: "bind" | "volume" | "tmpfs" | "ramfs" | "devpts" | "image" | "artifact";
  /** Host path (bind), volume name (volume; generated for anonymous ones), image or artifact (these), unused otherwise. */
  source: string;
  destination: string;
  /** Mount options as the runtime spec has them (ro, rw, nosuid, rprivate, size=…), after our own were taken out. */
  options: string[];
  /** For volumes: made for this container alone, removed with it by --rm and `rm -v`. */
  anonymous?: boolean;
  /** For volumes and images: what is mounted of it. */
  subpath?: string;
  /** For volumes and binds: `idmap`, its mapping or "" for the container's own. */
  idmap?: string;
  /** For volumes that aren't there yet: options to make them with. */
  volumeOptions?: Record<string, string>;
  /** For volumes: don't copy the image's content into it when it is empty. */
  noCopy?: boolean;
  /** For volumes: `nocreate`, it has to be there already. */
  noCreate?: boolean;
  /** `U`: change the owner of the source to the container's user. */
  chown?: boolean;
  /** `O`: the container writes beside the source; where to, if that is to be kept. */
  overlay?: { upper: string; work: string } | "temporary";
  /** `z`, `Z`: for SELinux; kept for inspect. */
  relabel?: "z" | "Z";
  /** For artifacts: which of its files, and what they are called in the container. */
  artifact?: { title?: string; digest?: string; name?: string };
  /** For images: what `source` was when the container was made. */
  image?: { id: string; layers: string[] };
}

export interface SecretRequest {
  /** As given; once the container is made, the secret's name. */
  name: string;
  /** "" until the container is made. */
  id: string;
  type: "mount" | "env";
  /** File in /run/secrets ("": the secret's name) or absolute path; name of the variable. */
  target: string;
  uid: number;
  gid: number;
  mode: number;
}

export interface DeviceRequest {
  hostPath: string;
  containerPath: string;
  /** Subset of "rwm". */
  permissions: string;
}

export interface PortMapping {
  hostIp: string;
  hostPort: number;
  containerPort: number;
  protocol: "tcp" | "udp" | "sctp";
}

/** The network of a container. `slirp4netns` is what `private` and no choice mean for rootless callers. */
export type NetworkMode =
  | { kind: "none" | "host" }
  | { kind: "slirp4netns" | "pasta"; options: string[] }
  | { kind: "bridge"; networks: NetworkAttachment[] }
  | { kind: "container"; id: string }
  | { kind: "ns"; path: string };

/** How a container is connected to one of the networks that containers share. */
export interface NetworkAttachment {
  /** As given; once the container is made, the network's name. */
  name: string;
  aliases: string[];
  /** Asked for; at most one of each family. */
  ips: string[];
  /** "" for one that goes with the address. */
  mac: string;
  /** "" for the first that is free: eth0, eth1 … */
  interfaceName: string;
}

/** A namespace other than network and user. */
export type NamespaceMode =
  | { kind: "private" | "host" | "shareable" | "none" }
  | { kind: "container"; id: string }
  | { kind: "ns"; path: string };

export type UserNamespaceMode =
  | { kind: "host" }
  | { kind: "keep-id"; uid?: number; gid?: number; size?: number }
  | { kind: "nomap" }
  /** --uidmap and --gidmap as given, or names of ranges in /etc/subuid and /etc/subgid. */
  | { kind: "private"; uidMap: string[]; gidMap: string[]; subUidName: string; subGidName: string }
  /** A range of ids that no other container has; size 0: as many as the image needs. */
  | { kind: "auto"; size: number; uidMapping: string[]; gidMapping: string[] }
  | { kind: "container"; id: string }
  | { kind: "ns"; path: string };

export interface Ulimit {
  /** Lower case, without RLIMIT_: nofile, nproc, core … */
  name: string;
  soft: number;
  hard: number;
}

export interface RestartPolicy {
  name: "no" | "always" | "on-failure" | "unless-stopped";
  /** Only for on-failure; 0: no limit. */
  max: number;
}

export interface LogConfig {
  driver: "k8s-file" | "json-file" | "journald" | "none" | "passthrough" | "passthrough-tty";
  /** Bytes, 0 for no limit. */
  maxSize: number;
  /** Log path asked for with --log-opt path=…, or "". */
  path: string;
  tag: string;
  /** Files kept when a log is rotated; 1 where not given. */
  maxFile?: number;
}

export interface SecurityOptions {
  noNewPrivileges: boolean;
  /** "" the default profile, "unconfined", or the path of a profile. */
  seccomp: string;
  /** Text of a profile of the image's, which counts in place of `seccomp` (--seccomp-policy=image). */
  imageSeccomp?: string;
  apparmor: string;
  /** label=… options as given (kept for inspect; there is no SELinux support). */
  label: string[];
  mask: string[];
  /** Paths, globs or "ALL". */
  unmask: string[];
  procOpts: string[];
}

export interface ResourceLimits {
  /** Bytes; 0 where not asked for. */
  memory: number;
  memoryReservation: number;
  memorySwap: number;
  cpuPeriod: number;
  cpuQuota: number;
  cpuShares: number;
  cpusetCpus: string;
  cpusetMems: string;
  /** 0: not asked for; -1: unlimited. */
  pidsLimit: number;
  memorySwappiness?: number;
  blkioWeight?: number;
  weightDevices?: DeviceLimit[];
  readBps?: DeviceLimit[];
  writeBps?: DeviceLimit[];
  readIops?: DeviceLimit[];
  writeIops?: DeviceLimit[];
  /** --device-cgroup-rule */
  deviceRules?: DeviceRule[];
  /** Files of the cgroup and what to write there (--cgroup-conf). */
  unified?: Record<string, string>;
}

/** Who tells a service manager (NOTIFY_SOCKET) that the container is ready. */
export type SdNotify = "container" | "conmon" | "healthy" | "ignore";

export interface ContainerConfig {
  /** Reference as given, image id (digest of the image config, hex) and the name it resolved to. */
  image: { reference: string; id: string; name: string } | null;
  /** --rootfs: a directory used in place of an image. */
  rootfs: string | null;
  /** `--rootfs DIR:O`: the container writes beside it, anew with each start. */
  rootfsOverlay?: true;
  entrypoint: string[];
  command: string[];
  env: Record<string, string>;
  workdir: string;
  /** Made where it is missing: the image named it, not the user. */
  createWorkdir: boolean;
  /** As given: "", "name", "uid", "user:group". */
  user: string;
  groups: string[];
  hostname: string;
  /** Where there is none it is the name, not the id (containers.conf). */
  nameAsHostname?: boolean;
  domainname: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;

  terminal: boolean;
  openStdin: boolean;

  mounts: MountRequest[];
  volumesFrom: string[];
  devices: DeviceRequest[];
  /** Names of devices of the Container Device Interface, looked up at each start. */
  cdiDevices?: string[];
  readOnly: boolean;
  readOnlyTmpfs: boolean;
  /** Bytes. */
  shmSize: number;
  secrets: SecretRequest[];

  /** Those that containers have unless told otherwise, where the configuration says; else our own. */
  defaultCapabilities?: string[];
  capAdd: string[];
  capDrop: string[];
  privileged: boolean;
  security: SecurityOptions;
  ulimits: Ulimit[];
  /** --ulimit=host: those not given stay as the caller has them. */
  hostUlimits?: boolean;
  sysctls: Record<string, string>;
  umask: string;
  oomScoreAdj: number | null;
  resources: ResourceLimits;

  network: NetworkMode;
  ports: PortMapping[];
  exposed: string[];
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  addHosts: string[];
  noHosts: boolean;
  pid: NamespaceMode;
  ipc: NamespaceMode;
  uts: NamespaceMode;
  cgroupns: NamespaceMode;
  userns: UserNamespaceMode;
  /** What it came to when the container was made; absent without a namespace of its own. */
  idMappings?: { uid: IdMapping[]; gid: IdMapping[] };

  init: boolean;
  initPath: string;
  /** The command is an init that wants writable cgroups and a tmpfs in several places. */
  systemd: boolean;
  /** Bytes that each tmpfs for systemd holds. */
  shmSizeSystemd?: number;
  stopSignal: number;
  stopTimeout: number;
  /** Kill after that many seconds; 0: never. */
  timeout: number;
  restart: RestartPolicy;
  autoRemove: boolean;
  log: LogConfig;
  timezone: string;
  cgroups: "enabled" | "disabled" | "no-conmon" | "split";
  cgroupParent: string;
  /** Absent in containers of before there were checks. */
  health?: HealthConfig;
  /** Absent: the container itself. */
  sdnotify?: Exclude<SdNotify, "container">;
  /** NOTIFY_SOCKET of who made it, for `inspect`; what counts is that of who starts it. */
  notifySocket?: string;
  passwd: boolean;
  /** Lines for those users and groups that are added, with $USERNAME, $UID and so on. */
  passwdEntry?: string;
  groupEntry?: string;
  /** Users of the host that the container's /etc/passwd has, too. */
  hostUsers?: string[];
  /** What /etc/hosts begins with: "none", "image" or a file of the host; absent: the host's. */
  hostsFile?: string;
  noHostname?: boolean;
  /** Ids of containers that must run first. */
  requires?: string[];
  /** --rmi: the image goes with the container. */
  removeImage?: boolean;
  personality?: "LINUX" | "LINUX32";
  /** Roots in the container that get its /etc/hosts and the like as well. */
  chrootDirs?: string[];
}

/** Whether who attaches can write to it: at a terminal always, as Podman has it, with or without --interactive. */
export function takesInput(config: Pick<ContainerConfig, "openStdin" | "terminal">): boolean {
  return config.openStdin || config.terminal;
}
