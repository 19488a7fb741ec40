import type { Context } from "../../host/context.ts";
import { defaultCapabilities } from "../../oci/capabilities.ts";
import type { ContainerConfig, ResourceLimits } from "../../oci/container.ts";
import type { DeviceLimit } from "../../oci/device-limits.ts";
import { containerAnnotations } from "../../oci/generate-spec.ts";
import { humanSize } from "../../oci/human-units.ts";
import { isFileLog } from "../../oci/log-options.ts";
import { CPU_PERIOD, swapLimit } from "../../oci/resources.ts";
import type { IdMapping, RuntimeSpec } from "../../oci/runtime-spec.ts";
import { isDeviceMount } from "../../oci/spec-mounts.ts";
import { processRlimits, UNLIMITED } from "../../oci/ulimit.ts";
import { KEEP_GROUPS } from "../../oci/user.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { type CgroupManager, cgroupManager, defaultSlice } from "./cgroup.ts";
import { hostCapabilities, hostFacts } from "./host-facts.ts";
import { inspectBinds, inspectTmpfs } from "./inspect-mounts.ts";
import { namespaceMode, portBindings } from "./inspect-network.ts";
import { sortedKeys } from "./inspect-values.ts";
import { logFile } from "./logs.ts";

function inspectManager(ctx: Context, spec: RuntimeSpec | undefined): CgroupManager {
  const cgroup = spec?.linux.cgroupsPath;
  if (!spec) return cgroupManager(ctx);
  return !cgroup ? "disabled" : cgroup.includes(":") ? "systemd" : "cgroupfs";
}

/** `bounding`: what the container may do at most. */
export function inspectHostConfig(
  ctx: Context,
  record: ContainerRecord,
  spec: RuntimeSpec | undefined,
  bounding: readonly string[] | undefined,
) {
  const { config } = record;
  const { resources } = config;
  const manager = inspectManager(ctx, spec);
  return {
    Binds: inspectBinds(config.mounts),
    CgroupManager: manager,
    CgroupMode: namespaceMode(config.cgroupns),
    ContainerIDFile: config.annotations["io.podman.annotations.cid-file"] ?? "",
    LogConfig: {
      Type: config.log.driver,
      Config: null,
      Path: isFileLog(config.log.driver) ? logFile(ctx, record) : "",
      Tag: config.log.tag,
      Size: humanSize(config.log.maxSize),
    },
    NetworkMode: namespaceMode(config.network),
    PortBindings: portBindings(config),
    RestartPolicy: {
      Name: config.restart.name,
      MaximumRetryCount: config.restart.max,
    },
    AutoRemove: config.autoRemove,
    AutoRemoveImage: config.removeImage ?? false,
    Annotations: sortedKeys(spec?.annotations ?? containerAnnotations(config)),
    VolumeDriver: "",
    VolumesFrom: config.volumesFrom.length > 0 ? config.volumesFrom : null,
    ...changedCapabilities(ctx, config, bounding ?? []),
    Dns: config.dns,
    DnsOptions: config.dnsOptions,
    DnsSearch: config.dnsSearch,
    ExtraHosts: config.addHosts,
    HostsFile: config.hostsFile ?? "",
    GroupAdd: config.groups.filter((group) => group !== KEEP_GROUPS),
    IpcMode: namespaceMode(config.ipc),
    Cgroup: "",
    Cgroups: config.cgroups === "disabled" ? "disabled" : "default",
    Links: null,
    OomScoreAdj: config.oomScoreAdj ?? 0,
    PidMode: namespaceMode(config.pid),
    Privileged: config.privileged,
    PublishAllPorts: config.annotations["io.podman.annotations.publish-all"] === "TRUE",
    ReadonlyRootfs: config.readOnly,
    SecurityOpt: securityOptions(config),
    Tmpfs: inspectTmpfs(config),
    UTSMode: namespaceMode(config.uts),
    UsernsMode: usernsMode(config),
    ...idMappings(config),
    ShmSize: config.shmSize,
    Runtime: "oci",
    ConsoleSize: [0, 0],
    Isolation: "",
    CpuShares: resources.cpuShares,
    Memory: resources.memory,
    // As Podman: --cpus, and what could have been it.
    NanoCpus: resources.cpuPeriod === CPU_PERIOD ? resources.cpuQuota * (1e9 / CPU_PERIOD) : 0,
    CgroupParent: config.cgroupParent || (manager === "systemd" ? defaultSlice(ctx) : ""),
    BlkioWeight: resources.blkioWeight ?? 0,
    ...deviceLimits(resources),
    CpuPeriod: resources.cpuPeriod,
    CpuQuota: resources.cpuQuota,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: resources.cpusetCpus,
    CpusetMems: resources.cpusetMems,
    // Privileged, it has them all.
    Devices: config.privileged ? [] : devices(ctx, config, spec),
    DiskQuota: 0,
    KernelMemory: 0,
    MemoryReservation: resources.memoryReservation,
    MemorySwap: swapLimit(resources),
    MemorySwappiness: resources.memorySwappiness ?? (limitsMemory(resources) ? -1 : 0),
    OomKillDisable: false,
    Init: config.init || undefined,
    // Podman has 0 for no limit.
    PidsLimit: Math.max(0, resources.pidsLimit),
    Ulimits: (spec?.process.rlimits ?? processRlimits(config, hostFacts(ctx))).map((limit) => ({
      Name: limit.type,
      Soft: signed(limit.soft),
      Hard: signed(limit.hard),
    })),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    CgroupConf: resources.unified ?? null,
  };
}

/** As Podman has it: without any limit of memory this, too, says nothing. */
function limitsMemory({ memory, memoryReservation, memorySwap }: ResourceLimits): boolean {
  return [memory, memoryReservation, memorySwap].some((limit) => limit !== 0);
}

/** A runtime config has RLIM_INFINITY as a number that is none of JavaScript's. */
function signed(limit: number): number {
  return Number.isSafeInteger(limit) ? limit : UNLIMITED;
}

function securityOptions({ security }: ContainerConfig): string[] {
  return [
    ...(security.noNewPrivileges ? ["no-new-privileges"] : []),
    ...(security.label.length > 0 ? [`label=${security.label.join(",label=")}`] : []),
    ...(security.seccomp ? [`seccomp=${security.seccomp}`] : []),
    ...(security.apparmor ? [`apparmor=${security.apparmor}`] : []),
  ];
}

/** What was added and dropped Podman tells by comparing with the defaults, whatever the flags were. */
function changedCapabilities(ctx: Context, config: ContainerConfig, bounding: readonly string[]) {
  const usual = config.privileged
    ? hostCapabilities(ctx)
    : (config.defaultCapabilities ?? defaultCapabilities);
  return {
    CapAdd: bounding.filter((name) => !usual.includes(name)),
    CapDrop: usual.filter((name) => !bounding.includes(name)).sort(),
  };
}

/** An ordinary user's --device is a mount. Those of the Container Device Interface as the last start found them. */
function devices(ctx: Context, config: ContainerConfig, spec: RuntimeSpec | undefined) {
  const given = (ctx.namespace === "root" ? config.devices : []).map(
    ({ hostPath, containerPath, permissions }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath,
      CgroupPermissions: permissions,
    }),
  );
  if (!config.cdiDevices || !spec) return given;
  const places = [
    ...config.devices.map(({ containerPath }) => containerPath),
    ...config.mounts.map(({ destination }) => destination),
  ];
  const isAsked = (file: string) => places.some((place) => `${file}/`.startsWith(`${place}/`));
  const made = (spec.linux.devices ?? []).map(({ path }) => ({ source: path, destination: path }));
  const found = [...spec.mounts.filter(isDeviceMount), ...made].filter(
    ({ destination }) => !isAsked(destination),
  );
  return [
    ...found.map(({ source = "", destination }) => ({
      PathOnHost: source,
      PathInContainer: destination,
      CgroupPermissions: "",
    })),
    ...given,
  ];
}

function usernsMode({ userns, idMappings }: ContainerConfig): string {
  if (userns.kind === "container") return `container:${userns.id}`;
  return idMappings ? "private" : "";
}

function idMappings({ idMappings: mappings }: ContainerConfig) {
  if (!mappings) return {};
  const text = ({ containerID, hostID, size }: IdMapping) => `${containerID}:${hostID}:${size}`;
  return { IDMappings: { UidMap: mappings.uid.map(text), GidMap: mappings.gid.map(text) } };
}

/** All of them are lists as soon as there is one limit of this kind. */
function deviceLimits(resources: ResourceLimits) {
  const { blkioWeight, weightDevices, readBps, writeBps, readIops, writeIops } = resources;
  const isLimited = [blkioWeight, weightDevices, readBps, writeBps, readIops, writeIops].some(
    (limit) => limit !== undefined,
  );
  const none = isLimited ? [] : null;
  const rates = (limits: DeviceLimit[] | undefined) =>
    limits?.map(({ path, value }) => ({ Path: path, Rate: value })) ?? none;
  return {
    BlkioWeightDevice: weightDevices?.map(({ path, value }) => ({ Path: path, Weight: value })) ?? none,
    BlkioDeviceReadBps: rates(readBps),
    BlkioDeviceWriteBps: rates(writeBps),
    BlkioDeviceReadIOps: rates(readIops),
    BlkioDeviceWriteIOps: rates(writeIops),
  };
}
