import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { readJson } from "../../host/files.ts";
import { isAlive } from "../../host/process.ts";
import type { ContainerConfig, MountRequest, NamespaceMode, NetworkMode } from "../../oci/container.ts";
import type { DeviceLimit } from "../../oci/device-limits.ts";
import type { IdMapping, RuntimeSpec } from "../../oci/runtime-spec.ts";
import { type Health, readHealth } from "../../runtime/health.ts";
import { type ContainerRecord, containerDirectory, findRecord } from "../../runtime/records.ts";
import { type ContainerStatus, readStatus } from "../../runtime/status.ts";
import { getImage } from "../../storage/images.ts";
import { diffDirectory } from "../../storage/layers.ts";
import { volumeDataPath } from "../../storage/volumes.ts";
import { dependenciesOf } from "./dependencies.ts";
import { listSessions } from "./exec-sessions.ts";
import { inspectHealth } from "./inspect-health.ts";
import { logFile } from "./logs.ts";
import { containerSize } from "./size.ts";

const never = "0001-01-01T00:00:00Z";

/** A container as `podman inspect` prints it: same keys, same order. */
export function inspectContainer(ctx: Context, nameOrId: string, { size }: { size: boolean }) {
  const record = findRecord(ctx, nameOrId);
  const status = readStatus(ctx, record.id);
  const { config } = record;
  const directory = containerDirectory(ctx, record.id);
  const specFile = path.join(directory, "config.json");
  const spec = readJson<RuntimeSpec>(specFile);
  const argv = [...config.entrypoint, ...config.command];
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: argv[0] ?? "",
    Args: argv.slice(1),
    State: inspectState(status, spec, readHealth(ctx, record)),
    Image: config.image?.id ?? "",
    ImageDigest: imageDigest(ctx, config),
    ImageName: config.image?.name ?? "",
    Rootfs: config.rootfs ?? "",
    Pod: "",
    ResolvConfPath: ifThere(path.join(directory, "resolv.conf")),
    HostnamePath: ifThere(path.join(directory, "hostname")),
    HostsPath: ifThere(path.join(directory, "hosts")),
    StaticDir: directory,
    OCIConfigPath: spec ? specFile : "",
    OCIRuntime: record.runtime === null ? "coracle-runtime" : path.basename(record.runtime),
    ConmonPidFile: record.conmonPidFile ?? "",
    PidFile: record.pidFile,
    Name: record.name,
    RestartCount: status.last?.restartCount ?? 0,
    Driver: record.driver === "none" ? "" : record.driver,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: spec?.process.apparmorProfile ?? "",
    EffectiveCaps: spec?.process.capabilities?.effective ?? [],
    BoundingCaps: spec?.process.capabilities?.bounding ?? [],
    ExecIDs: listSessions(ctx, record.id),
    ...(size ? inspectSize(ctx, record) : {}),
    GraphDriver: { Name: record.driver, Data: graphDriverData(ctx, record, directory, status) },
    Mounts: inspectMounts(ctx, config.mounts),
    Dependencies: dependenciesOf(config),
    NetworkSettings: networkSettings(record),
    Namespace: "",
    IsInfra: false,
    IsService: false,
    Config: inspectConfig(record, spec),
    HostConfig: hostConfig(ctx, record, spec),
  };
}

function inspectState(status: ContainerStatus, spec: RuntimeSpec | undefined, health: Health) {
  const { state, last } = status;
  return {
    OciVersion: spec?.ociVersion ?? "1.2.0",
    Status: state,
    Running: state === "running" || state === "stopping",
    Paused: state === "paused",
    Restarting: state === "restarting",
    OOMKilled: last?.oomKilled ?? false,
    Dead: false,
    Pid: state === "exited" ? 0 : (last?.init?.pid ?? 0),
    ConmonPid: last && isAlive(last.monitor) ? (last.monitor?.pid ?? 0) : 0,
    ExitCode: state === "exited" ? (last?.exitCode ?? 0) : 0,
    Error: last?.error?.message ?? "",
    StartedAt: last?.startedAt ?? never,
    FinishedAt: (state === "created" ? null : last?.finishedAt) ?? never,
    Health: health,
    CgroupPath: spec?.linux.cgroupsPath ?? "",
    CheckpointedAt: never,
    RestoredAt: never,
  };
}

function inspectSize(ctx: Context, record: ContainerRecord) {
  const { rwSize, rootFsSize } = containerSize(ctx, record);
  return { SizeRw: rwSize, SizeRootFs: rootFsSize };
}

function imageDigest(ctx: Context, config: ContainerConfig): string {
  if (!config.image) return "";
  try {
    return getImage(ctx, config.image.id).manifestDigest;
  } catch {
    return ""; // untagged and removed by force since
  }
}

function ifThere(file: string): string {
  return fs.existsSync(file) ? file : "";
}

function graphDriverData(ctx: Context, record: ContainerRecord, directory: string, status: ContainerStatus) {
  if (record.driver === "none" || record.driver === "vfs") return null;
  const running = status.state === "running" || status.state === "paused";
  return {
    LowerDir: record.layers.map((key) => diffDirectory(ctx, key)).join(":"),
    ...(running ? { MergedDir: path.join(directory, "merged") } : {}),
    UpperDir: path.join(directory, "upper"),
    WorkDir: path.join(directory, "work"),
  };
}

const modeOption = /^(ro|rw|r?(shared|slave|private|unbindable))$/;

function inspectMounts(ctx: Context, mounts: MountRequest[]) {
  return mounts
    .filter((mount) => mount.type === "bind" || mount.type === "volume")
    .map((mount) => {
      const propagation = mount.options.find((option) =>
        /^r?(shared|slave|private|unbindable)$/.test(option),
      );
      const options = mount.options.filter((option) => !modeOption.test(option));
      const volume = mount.type === "volume";
      return {
        Type: mount.type,
        ...(volume ? { Name: mount.source } : {}),
        Source: volume ? volumeDataPath(ctx, mount.source) : mount.source,
        Destination: mount.destination,
        Driver: volume ? "local" : "",
        Mode: "",
        Options: [...new Set([...(volume ? ["nosuid", "nodev"] : []), ...options, "rbind"])],
        RW: !mount.options.includes("ro"),
        Propagation: propagation ?? "rprivate",
      };
    });
}

/** `{"80/tcp": [{HostIp, HostPort}]}`, null for a port that is only exposed. */
function portBindings(
  config: ContainerConfig,
  exposed: boolean,
): Record<string, { HostIp: string; HostPort: string }[] | null> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  if (exposed) for (const port of config.exposed) bindings[port.includes("/") ? port : `${port}/tcp`] = null;
  for (const port of config.ports) {
    const key = `${port.containerPort}/${port.protocol}`;
    const list = bindings[key] ?? [];
    list.push({ HostIp: port.hostIp, HostPort: String(port.hostPort) });
    bindings[key] = list;
  }
  return bindings;
}

function networkSettings(record: ContainerRecord) {
  return {
    EndpointID: "",
    Gateway: "",
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    MacAddress: "",
    Bridge: "",
    SandboxID: "",
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    Ports: record.config.network.kind === "slirp4netns" ? portBindings(record.config, true) : {},
    SandboxKey: "",
  };
}

function inspectConfig(record: ContainerRecord, spec: RuntimeSpec | undefined) {
  const { config } = record;
  return {
    Hostname: config.hostname,
    Domainname: config.domainname,
    User: config.user,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: config.terminal,
    OpenStdin: config.openStdin,
    StdinOnce: config.stdinOnce,
    Env: spec?.process.env ?? Object.entries(config.env).map(([name, value]) => `${name}=${value}`),
    Cmd: config.command.length > 0 ? config.command : null,
    Image: config.image?.name ?? "",
    Volumes: null,
    WorkingDir: config.workdir,
    Entrypoint: config.entrypoint.join(" "),
    OnBuild: null,
    Labels: Object.keys(config.labels).length > 0 ? config.labels : null,
    Annotations: spec?.annotations ?? config.annotations,
    StopSignal: config.stopSignal,
    ...inspectHealth(config.health),
    CreateCommand: record.createCommand,
    ...(config.systemd ? { SystemdMode: true } : {}),
    Umask: config.umask || "0022",
    ...inspectSecrets(config),
    Timeout: config.timeout,
    StopTimeout: config.stopTimeout,
    Passwd: config.passwd,
    sdNotifyMode: "container",
  };
}

function inspectSecrets({ secrets }: ContainerConfig) {
  const mounted = secrets.filter(({ type }) => type === "mount");
  if (mounted.length === 0) return {};
  return {
    Secrets: mounted.map(({ name, id, uid, gid, mode }) => ({
      Name: name,
      ID: id,
      UID: uid,
      GID: gid,
      Mode: mode,
    })),
  };
}

function namespaceMode(mode: NamespaceMode | NetworkMode, id = false): string {
  switch (mode.kind) {
    case "container":
      return id ? `container:${mode.id}` : "";
    case "ns":
      return `ns:${mode.path}`;
    default:
      return mode.kind;
  }
}

function hostConfig(ctx: Context, record: ContainerRecord, spec: RuntimeSpec | undefined) {
  const { config } = record;
  const { resources } = config;
  const mappings = config.idMappings;
  return {
    Binds: inspectMounts(ctx, config.mounts).map(
      (mount) =>
        `${"Name" in mount ? mount.Name : mount.Source}:${mount.Destination}:${[mount.RW ? "rw" : "ro", mount.Propagation, ...mount.Options].join(",")}`,
    ),
    CgroupManager: spec?.linux.cgroupsPath ? "cgroupfs" : "disabled",
    CgroupMode: namespaceMode(config.cgroupns),
    ContainerIDFile: "",
    LogConfig: {
      Type: config.log.driver,
      Config: null,
      Path: config.log.driver === "none" || config.log.driver === "passthrough" ? "" : logFile(ctx, record),
      Tag: config.log.tag,
      Size: config.log.maxSize > 0 ? `${config.log.maxSize}B` : "0B",
    },
    NetworkMode: namespaceMode(config.network, true),
    PortBindings: portBindings(config, false),
    RestartPolicy: {
      Name: config.restart.name === "no" ? "" : config.restart.name,
      MaximumRetryCount: config.restart.max,
    },
    AutoRemove: config.autoRemove,
    VolumeDriver: "",
    VolumesFrom: config.volumesFrom.length > 0 ? config.volumesFrom : null,
    CapAdd: config.capAdd,
    CapDrop: config.capDrop,
    Dns: config.dns,
    DnsOptions: config.dnsOptions,
    DnsSearch: config.dnsSearch,
    ExtraHosts: config.addHosts,
    GroupAdd: config.groups,
    IpcMode: namespaceMode(config.ipc, true),
    Cgroup: "",
    Cgroups: config.cgroups === "enabled" ? "default" : config.cgroups,
    Links: null,
    OomScoreAdj: config.oomScoreAdj ?? 0,
    PidMode: namespaceMode(config.pid, true),
    Privileged: config.privileged,
    PublishAllPorts: false,
    ReadonlyRootfs: config.readOnly,
    SecurityOpt: securityOptions(config),
    Tmpfs: Object.fromEntries(
      config.mounts
        .filter((mount) => mount.type === "tmpfs")
        .map((mount) => [mount.destination, mount.options.join(",")]),
    ),
    UTSMode: namespaceMode(config.uts, true),
    UsernsMode:
      config.userns.kind === "container" ? `container:${config.userns.id}` : mappings ? "private" : "",
    ...(mappings
      ? { IDMappings: { UidMap: mappingTexts(mappings.uid), GidMap: mappingTexts(mappings.gid) } }
      : {}),
    ShmSize: config.shmSize,
    Runtime: "oci",
    ConsoleSize: [0, 0],
    Isolation: "",
    CpuShares: resources.cpuShares,
    Memory: resources.memory,
    NanoCpus: resources.cpuPeriod > 0 ? Math.round((resources.cpuQuota / resources.cpuPeriod) * 1e9) : 0,
    CgroupParent: config.cgroupParent,
    BlkioWeight: resources.blkioWeight ?? 0,
    BlkioWeightDevice:
      resources.weightDevices?.map(({ path: device, value }) => ({ Path: device, Weight: value })) ?? null,
    BlkioDeviceReadBps: rates(resources.readBps),
    BlkioDeviceWriteBps: rates(resources.writeBps),
    BlkioDeviceReadIOps: rates(resources.readIops),
    BlkioDeviceWriteIOps: rates(resources.writeIops),
    CpuPeriod: resources.cpuPeriod,
    CpuQuota: resources.cpuQuota,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: resources.cpusetCpus,
    CpusetMems: resources.cpusetMems,
    Devices: config.devices.map((device) => ({
      PathOnHost: device.hostPath,
      PathInContainer: device.containerPath,
      CgroupPermissions: device.permissions,
    })),
    DiskQuota: 0,
    KernelMemory: 0,
    MemoryReservation: resources.memoryReservation,
    MemorySwap: resources.memorySwap,
    MemorySwappiness: 0,
    OomKillDisable: false,
    PidsLimit: resources.pidsLimit,
    Ulimits: (spec?.process.rlimits ?? []).map((limit: { type: string; soft: number; hard: number }) => ({
      Name: limit.type,
      Soft: limit.soft,
      Hard: limit.hard,
    })),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    CgroupConf: null,
  };
}

function mappingTexts(mappings: IdMapping[]): string[] {
  return mappings.map(({ containerID, hostID, size }) => `${containerID}:${hostID}:${size}`);
}

function rates(limits: DeviceLimit[] | undefined) {
  return limits?.map(({ path: device, value }) => ({ Path: device, Rate: value })) ?? null;
}

function securityOptions(config: ContainerConfig): string[] {
  const options: string[] = [];
  if (config.security.noNewPrivileges) options.push("no-new-privileges");
  if (config.security.seccomp !== "") options.push(`seccomp=${config.security.seccomp}`);
  if (config.security.apparmor !== "") options.push(`apparmor=${config.security.apparmor}`);
  return options;
}
