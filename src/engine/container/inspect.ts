import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { readWholeJson } from "../../host/files.ts";
import { isAlive } from "../../host/process.ts";
import { capabilityRequest, processCapabilities } from "../../oci/capabilities.ts";
import type { ContainerConfig, SecretRequest } from "../../oci/container.ts";
import { containerCommand } from "../../oci/container-command.ts";
import {
  containerAnnotations,
  containerHostname,
  OCI_VERSION,
  processArgs,
  requestedUser,
} from "../../oci/generate-spec.ts";
import { keyAndValue } from "../../oci/key-value.ts";
import { explainStartError } from "../../oci/runtime-errors.ts";
import type { Capabilities, RuntimeSpec } from "../../oci/runtime-spec.ts";
import { signalName } from "../../oci/signals.ts";
import { type Health, readHealth } from "../../runtime/health.ts";
import { type ContainerRecord, containerDirectory, findRecord } from "../../runtime/records.ts";
import { type ContainerStatus, readStatus } from "../../runtime/status.ts";
import { getImage } from "../../storage/images.ts";
import { currentCgroup } from "./cgroup.ts";
import { dependenciesOf } from "./dependencies.ts";
import { listSessions } from "./exec-sessions.ts";
import { hostCapabilities } from "./host-facts.ts";
import { inspectHealth } from "./inspect-health.ts";
import { inspectHostConfig } from "./inspect-host-config.ts";
import { inspectMounts } from "./inspect-mounts.ts";
import { exposedPorts, networkSettings } from "./inspect-network.ts";
import { sortedKeys } from "./inspect-values.ts";
import { pidFiles } from "./pid-files.ts";
import { lowerDirectories } from "./rootfs-mount.ts";
import { containerSize } from "./size.ts";

const never = "0001-01-01T00:00:00Z";

/** A container as `podman inspect` prints it: same keys, same order. */
export function inspectContainer(ctx: Context, nameOrId: string, { size }: { size: boolean }) {
  const record = findRecord(ctx, nameOrId);
  const status = readStatus(ctx, record.id);
  const { config } = record;
  const directory = containerDirectory(ctx, record.id);
  const specFile = path.join(directory, "config.json");
  const spec = readWholeJson<RuntimeSpec>(specFile);
  const pids = pidFiles(ctx, record);
  const argv = spec?.process.args ?? processArgs(config.init, containerCommand(config));
  const capabilities = spec?.process.capabilities ?? plannedCapabilities(ctx, config);
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: argv[0] ?? "",
    // As Podman: a single word is both.
    Args: argv.length > 1 ? argv.slice(1) : argv,
    State: inspectState(
      record.id,
      status,
      spec,
      record.config.health?.check ? readHealth(ctx, record) : undefined,
    ),
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
    OCIRuntime: record.runtimeName ?? record.runtime ?? "coracle-runtime",
    ConmonPidFile: pids.monitor,
    PidFile: pids.container,
    Name: record.name,
    RestartCount: status.last?.restartCount ?? 0,
    Driver: record.driver === "none" ? "" : record.driver,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: spec?.process.apparmorProfile ?? "",
    EffectiveCaps: orNull(capabilities.effective),
    BoundingCaps: orNull(capabilities.bounding),
    ExecIDs: listSessions(ctx, record.id),
    ...(size ? inspectSize(ctx, record) : {}),
    GraphDriver: { Name: record.driver, Data: graphDriverData(ctx, record, directory, status) },
    Mounts: inspectMounts(ctx, config.mounts),
    Dependencies: dependenciesOf(config),
    NetworkSettings: networkSettings(ctx, record),
    Namespace: "",
    IsInfra: false,
    IsService: false,
    KubeExitCodePropagation: "invalid",
    // Our locks have no numbers.
    lockNumber: 0,
    Config: inspectConfig(ctx, record, spec),
    HostConfig: inspectHostConfig(ctx, record, spec, capabilities.bounding),
    UseImageHosts: config.noHosts,
    UseImageHostname: config.noHostname ?? false,
  };
}

/** What a container that was never started will have. */
function plannedCapabilities(ctx: Context, config: ContainerConfig): Capabilities {
  const root =
    config.userns.kind !== "keep-id" && ["", "0", "root"].includes(config.user.split(":")[0] ?? "");
  return processCapabilities({ ...capabilityRequest(config, hostCapabilities(ctx)), uid: root ? 0 : 1 });
}

function orNull<T>(list: readonly T[] | undefined): readonly T[] | null {
  return list && list.length > 0 ? list : null;
}

function inspectState(
  id: string,
  status: ContainerStatus,
  spec: RuntimeSpec | undefined,
  health: Health | undefined,
) {
  const { state, last } = status;
  return {
    OciVersion: spec?.ociVersion ?? OCI_VERSION,
    Status: state,
    Running: state === "running" || state === "stopping",
    Paused: state === "paused",
    Restarting: state === "restarting",
    OOMKilled: last?.oomKilled ?? false,
    Dead: false,
    Pid: state === "exited" ? 0 : (last?.init?.pid ?? 0),
    ConmonPid: last && isAlive(last.monitor) ? last.monitor?.pid : undefined,
    ExitCode: state === "exited" ? (last?.exitCode ?? 0) : 0,
    Error: last?.error ? explainStartError(last.error) : "",
    StartedAt: last?.startedAt ?? never,
    FinishedAt: (state === "created" ? null : last?.finishedAt) ?? never,
    Health: health,
    CgroupPath: currentCgroup(id, spec?.linux.cgroupsPath, last?.init?.pid) || undefined,
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
    LowerDir: lowerDirectories(ctx, record).join(":"),
    ...(running ? { MergedDir: path.join(directory, "merged") } : {}),
    UpperDir: path.join(directory, "upper"),
    WorkDir: path.join(directory, "work"),
  };
}

function inspectConfig(ctx: Context, record: ContainerRecord, spec: RuntimeSpec | undefined) {
  const { config } = record;
  return {
    Hostname: containerHostname(config, record, os.hostname()),
    Domainname: config.domainname,
    User: requestedUser(config, ctx),
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: config.terminal,
    OpenStdin: config.openStdin,
    StdinOnce: false,
    Env: hideSecrets(spec?.process.env ?? plannedEnv(config, record.id), config.secrets),
    Cmd: config.command.length > 0 ? config.command : null,
    Image: config.image?.name ?? "",
    Volumes: null,
    WorkingDir: config.workdir,
    Entrypoint: orNull(config.entrypoint),
    OnBuild: null,
    Labels: Object.keys(config.labels).length > 0 ? sortedKeys(config.labels) : null,
    Annotations: sortedKeys(spec?.annotations ?? containerAnnotations(config)),
    StopSignal: signalName(config.stopSignal),
    ...inspectHealth(config.health),
    CreateCommand: record.createCommand,
    Timezone: config.timezone || undefined,
    ...(config.systemd ? { SystemdMode: true } : {}),
    Umask: config.umask || "0022",
    ...inspectSecrets(config),
    Timeout: config.timeout,
    StopTimeout: config.stopTimeout,
    Passwd: config.passwd,
    ChrootDirs: config.chrootDirs,
    sdNotifyMode: config.sdnotify ?? "container",
    sdNotifySocket: config.notifySocket,
    ...exposedPorts(config),
  };
}

/** Before the first start; of what is filled in then only a host name that was asked for is known. */
function plannedEnv({ env, hostname }: ContainerConfig, id: string): string[] {
  const isAsked = hostname !== "" && hostname !== id.slice(0, 12);
  const all = isAsked ? { ...env, HOSTNAME: env.HOSTNAME ?? hostname } : env;
  return Object.entries(all).map(([name, value]) => `${name}=${value}`);
}

/** Which secret a variable holds is told, not what it says. */
function hideSecrets(env: readonly string[], secrets: readonly SecretRequest[]): string[] {
  const names = new Map(
    secrets.flatMap(({ type, name, target }) => (type === "env" ? [[target, name]] : [])),
  );
  return env.map((entry) => {
    const secret = names.get(keyAndValue(entry)[0]);
    return secret === undefined ? entry : `${secret}=*******`;
  });
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
