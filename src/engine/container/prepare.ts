import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { EngineError, isErrno } from "../../errors.ts";
import { delegatedCgroup } from "../../host/cgroup.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../host/files.ts";
import { nativePath } from "../../host/native.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import { hostsFile, resolvConf } from "../../network/files.ts";
import { type Slirp, slirp4netns } from "../../network/slirp4netns.ts";
import {
  containerHostname,
  containerIdMappings,
  generateSpec,
  type HostDevice,
  type HostFacts,
  requestedUser,
} from "../../oci/generate-spec.ts";
import { toParentId } from "../../oci/id-mapping.ts";
import { type Mount, type NamespaceType, serializeSpec } from "../../oci/runtime-spec.ts";
import { parseSeccompProfile, type SeccompProfile } from "../../oci/seccomp.ts";
import { defaultSeccompProfile } from "../../oci/seccomp-default.ts";
import { resolveUser } from "../../oci/user.ts";
import type { MonitorConfig, MonitorNetwork } from "../../runtime/monitor.ts";
import { runDirectories, runDirectory, runtimeRoot } from "../../runtime/places.ts";
import { type ContainerRecord, containerDirectory, findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { volumeDataPath } from "../../storage/volumes.ts";
import { hostDevices } from "./devices.ts";
import { hostFacts } from "./host-facts.ts";
import { logFile } from "./logs.ts";
import { type UserDatabases, userFiles } from "./user-files.ts";
import { rootfsMount, rootfsPath, userDatabases } from "./rootfs.ts";

export interface PreparedStart {
  /** With monitor.json and config.json. */
  directory: string;
  /** The user of the first process, as ids of the engine's own user namespace. */
  owner: Owner;
}

/** Writes monitor.json and config.json of a container that is about to start, and the files bound into it. */
export async function prepareStart(ctx: Context, record: ContainerRecord): Promise<PreparedStart> {
  const { config } = record;
  const directory = containerDirectory(ctx, record.id);
  const host = hostFacts(ctx);
  const slirp = config.network.kind === "slirp4netns" ? slirp4netns(config.network.options) : undefined;
  ensureDirectory(runDirectories(ctx));
  ensureDirectory(runtimeRoot(ctx, record));
  const cgroup = cgroupsPath(record);
  const mappings = containerIdMappings(config, host);
  writeJsonAtomic(path.join(directory, "monitor.json"), monitorConfig(ctx, record, mappings, slirp, cgroup), {
    durable: false,
  });

  const { passwd, group } = await userDatabases(ctx, record);
  const user = resolveUser(requestedUser(config, host), passwd, group, config.groups);
  const hostname = containerHostname(config, record.id, os.hostname());
  const spec = generateSpec({
    id: record.id,
    config: config.init ? { ...config, initPath: config.initPath || path.join(ctx.binDir, "coracle-init") } : config,
    host,
    rootfs: rootfsPath(ctx, record),
    args: [...config.entrypoint, ...config.command],
    ...(config.timezone ? { env: { TZ: config.timezone } } : {}),
    user,
    hostname,
    mounts: mounts(ctx, record, user),
    files: writeFiles(ctx, record, {
      hostname,
      slirp,
      owner: parentOwner(mappings, { uid: 0, gid: 0 }),
      users: { passwd, group, user, caller: mappedCaller(config, host), workdir: config.workdir },
    }),
    devices: devices(record),
    ...joinedNamespaces(ctx, record),
    cgroupsPath: cgroup,
    seccomp: seccompProfile(config.security.seccomp),
  });
  // A bind of what the host doesn't have (a kernel without POSIX message queues) would keep the container from starting.
  spec.mounts = spec.mounts?.filter(({ source }) => source !== "/dev/mqueue" || fs.existsSync(source));
  writeFileAtomic(path.join(directory, "config.json"), serializeSpec(spec), { durable: false });
  return { directory, owner: parentOwner(mappings, user) };
}

export interface Owner {
  uid: number;
  gid: number;
}

type Mappings = ReturnType<typeof containerIdMappings>;

function parentOwner(mappings: Mappings, { uid, gid }: Owner): Owner {
  if (!mappings) return { uid, gid };
  return { uid: toParentId(mappings.uid, uid) ?? 0, gid: toParentId(mappings.gid, gid) ?? 0 };
}

/** Whom --userns=keep-id makes of the caller. */
function mappedCaller({ userns }: ContainerConfig, host: HostFacts): UserDatabases["caller"] {
  if (userns.kind !== "keep-id") return null;
  return {
    uid: userns.uid ?? host.uid,
    gid: userns.gid ?? host.gid,
    hostUid: host.uid,
    hostPasswd: readHost("/etc/passwd"),
  };
}

/** Null where no subtree is delegated to us: then the container shares the caller's cgroup. */
function cgroupsPath(record: ContainerRecord): string | null {
  const { cgroups, cgroupParent } = record.config;
  if (cgroups === "disabled") return null;
  const parent = cgroupParent || delegatedCgroup();
  return parent === null ? null : path.posix.join(parent, `coracle-${record.id}`);
}

function monitorConfig(
  ctx: Context,
  record: ContainerRecord,
  mappings: Mappings,
  slirp: Slirp | undefined,
  cgroup: string | null,
): MonitorConfig {
  const { config } = record;
  return {
    version: 1,
    id: record.id,
    name: record.name,
    runtime: {
      path: record.runtime,
      ...(record.runtime === null ? {} : { args: runtimeArguments(record.runtime, cgroup) }),
      root: runtimeRoot(ctx, record),
    },
    rootfs: rootfsMount(ctx, record, mappings),
    terminal: config.terminal,
    openStdin: config.openStdin,
    stdinOnce: config.stdinOnce,
    log: {
      driver: config.log.driver,
      path: logFile(ctx, record),
      maxSize: config.log.maxSize,
      maxFile: 1,
    },
    runDir: runDirectory(ctx, record.id),
    aliveFile: ctx.aliveFile,
    network: monitorNetwork(record, slirp),
    stopSignal: config.stopSignal,
    stopTimeout: config.stopTimeout,
    timeout: config.timeout,
    restart: { policy: config.restart.name, max: config.restart.max },
    cleanup: config.autoRemove ? [nativePath(ctx, "coracle"), ...globalFlags(ctx), "container", "cleanup", record.id] : null,
    cleanupAlways: false,
  };
}

/** The global flags that make another invocation see the same store. */
function globalFlags(ctx: Context): string[] {
  return ["--root", ctx.graphRoot, "--runroot", ctx.runRoot];
}

/** crun insists on a cgroup unless told otherwise; runc finds out by itself. */
function runtimeArguments(runtime: string, cgroup: string | null): string[] {
  if (path.basename(runtime) !== "crun") return [];
  return [`--cgroup-manager=${cgroup === null ? "disabled" : "cgroupfs"}`];
}

function monitorNetwork(record: ContainerRecord, slirp: Slirp | undefined): MonitorNetwork {
  const { network, ports } = record.config;
  switch (network.kind) {
    case "none":
    case "host":
      return { mode: network.kind };
    case "slirp4netns":
      return { mode: "slirp4netns", program: (slirp as Slirp).program, args: (slirp as Slirp).args, ports };
    default:
      return { mode: "path" };
  }
}

/** Volumes, binds and tmpfs of the request as the runtime spec has them. */
function mounts(ctx: Context, record: ContainerRecord, user: Owner): Mount[] {
  return record.config.mounts.map((mount): Mount => {
    switch (mount.type) {
      case "volume": {
        const source = path.join(volumeDataPath(ctx, mount.source), mount.subpath ?? "");
        return bind(source, mount.destination, mount.options);
      }
      case "bind":
        return bind(mount.source, mount.destination, mount.options);
      case "tmpfs":
        return {
          destination: mount.destination,
          type: "tmpfs",
          source: "tmpfs",
          options: [...mount.options, ...(mount.chown ? [`uid=${user.uid}`, `gid=${user.gid}`] : [])],
        };
      case "devpts":
        return { destination: mount.destination, type: "devpts", source: "devpts", options: mount.options };
      case "image":
        throw new EngineError("not-supported", "image mounts are not supported yet");
    }
  });
}

function bind(source: string, destination: string, options: string[]): Mount {
  const has = (pattern: RegExp) => options.some((option) => pattern.test(option));
  return {
    destination,
    type: "bind",
    source,
    options: [
      ...options,
      ...(has(/^r?bind$/) ? [] : ["rbind"]),
      ...(has(/^r?(private|shared|slave|unbindable)$/) ? [] : ["rprivate"]),
    ],
  };
}

/** Files of ours that are bound over the image's. They live in the container's directory. */
function writeFiles(
  ctx: Context,
  record: ContainerRecord,
  { hostname, slirp, owner, users }: { hostname: string; slirp: Slirp | undefined; owner: Owner; users: UserDatabases },
): { source: string; destination: string }[] {
  const { config } = record;
  const directory = containerDirectory(ctx, record.id);
  const taken = new Set(config.mounts.map((mount) => mount.destination));
  const files: { source: string; destination: string }[] = [];
  const add = (name: string, destination: string, text: string) => {
    if (taken.has(destination)) return;
    const source = path.join(directory, name);
    // Anew, as a umask and the last start's owner would stay.
    fs.rmSync(source, { force: true });
    fs.writeFileSync(source, text);
    fs.chmodSync(source, 0o644);
    if (owner.uid !== 0 || owner.gid !== 0) fs.chownSync(source, owner.uid, owner.gid);
    files.push({ source, destination });
  };
  if (config.network.kind === "container") {
    const other = containerDirectory(ctx, config.network.id);
    for (const name of ["hosts", "resolv.conf"]) {
      const source = path.join(other, name);
      if (fs.existsSync(source)) files.push({ source, destination: `/etc/${name}` });
    }
  } else {
    const hostNetwork = config.network.kind === "host";
    if (!config.noHosts) {
      add(
        "hosts",
        "/etc/hosts",
        hostsFile({
          base: readHost("/etc/hosts"),
          addHosts: config.addHosts,
          names: [hostname, record.name],
          address: slirp?.address ?? (hostNetwork ? "" : "127.0.1.1"),
          hostAddress: hostAddress(),
        }),
      );
    }
    if (config.network.kind !== "none" || config.dns.length > 0) {
      add(
        "resolv.conf",
        "/etc/resolv.conf",
        resolvConf({
          base: readHost("/etc/resolv.conf"),
          dns: config.dns,
          dnsSearch: config.dnsSearch,
          dnsOptions: config.dnsOptions,
          resolver: slirp?.resolver ?? "",
          hostNetwork,
          ipv6: hostNetwork || (slirp?.ipv6 ?? false),
        }),
      );
    }
  }
  add("hostname", "/etc/hostname", `${hostname}\n`);
  add("containerenv", "/run/.containerenv", containerEnv(record));
  if (config.passwd) {
    const { passwd, group } = userFiles(users);
    if (passwd !== null) add("passwd", "/etc/passwd", passwd);
    if (group !== null) add("group", "/etc/group", group);
  }
  return files;
}

function containerEnv(record: ContainerRecord): string {
  if (!record.config.privileged) return "";
  const { image } = record.config;
  return [
    'engine="coracle"',
    `name="${record.name}"`,
    `id="${record.id}"`,
    `image="${image?.name ?? ""}"`,
    `imageid="${image?.id ?? ""}"`,
    "rootless=1",
    "",
  ].join("\n");
}

function readHost(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES")) return "";
    throw error;
  }
}

/** The host's first address that isn't a loopback one; a container reaches the host by it. */
function hostAddress(): string {
  for (const addresses of Object.values(os.networkInterfaces())) {
    const found = addresses?.find((address) => address.family === "IPv4" && !address.internal);
    if (found) return found.address;
  }
  return "";
}

function devices(record: ContainerRecord): HostDevice[] {
  return hostDevices(record.config.devices, record.config.privileged);
}

/** Namespace files of the containers whose namespaces are joined, which must run; with IPC goes their /dev/shm. */
function joinedNamespaces(
  ctx: Context,
  record: ContainerRecord,
): { namespaces: Partial<Record<NamespaceType, string>>; shm?: string } {
  const { config } = record;
  const modes: [NamespaceType, string, { kind: string; id?: string }][] = [
    ["network", "net", config.network],
    ["pid", "pid", config.pid],
    ["ipc", "ipc", config.ipc],
    ["uts", "uts", config.uts],
    ["cgroup", "cgroup", config.cgroupns],
    ["user", "user", config.userns],
  ];
  const namespaces: Partial<Record<NamespaceType, string>> = {};
  let shm: string | undefined;
  for (const [type, file, mode] of modes) {
    if (mode.kind !== "container") continue;
    const pid = runningPid(ctx, mode.id as string, type);
    namespaces[type] = `/proc/${pid}/ns/${file}`;
    if (type === "ipc") shm = `/proc/${pid}/root/dev/shm`;
  }
  return shm === undefined ? { namespaces } : { namespaces, shm };
}

function runningPid(ctx: Context, nameOrId: string, namespace: NamespaceType): number {
  const other = findRecord(ctx, nameOrId);
  const status = readStatus(ctx, other.id);
  if ((status.state === "running" || status.state === "paused") && status.last?.init) return status.last.init.pid;
  throw new EngineError(
    "dependency-not-running",
    `cannot join the ${namespace} namespace of container ${other.name}: it is not running: container state improper`,
    { hint: `\`coracle start ${other.name}\` starts it` },
  );
}

const systemProfile = "/etc/containers/seccomp.json";

/** The profile that --security-opt seccomp= names: our own, the administrator's, a file, or none. */
function seccompProfile(option: string): SeccompProfile | null {
  if (option === "unconfined") return null;
  if (option !== "") {
    try {
      return parseSeccompProfile(fs.readFileSync(option, "utf8"), option);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError("no-seccomp-profile", `opening seccomp profile failed: open ${option}: no such file or directory`, {
        hint: "give the path of a profile, or seccomp=unconfined",
        cause: error,
      });
    }
  }
  return fs.existsSync(systemProfile)
    ? parseSeccompProfile(fs.readFileSync(systemProfile, "utf8"), systemProfile)
    : defaultSeccompProfile();
}
