/** From the flags of `run` and `create` to what the container is to be. Nothing is looked up but files that flags name. */

import * as path from "node:path";
import { EngineError, rephrase } from "../../errors.ts";
import { checkUpdates, SYSTEMD_UNIT } from "../../oci/auto-update.ts";
import { mergeCapabilities, normalizeCapability } from "../../oci/capabilities.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import { cleanPath } from "../../oci/container-path.ts";
import { gpuDevice, isCdiName, parseDevice } from "../../oci/devices.ts";
import { parseAddHost, parseDns, parseDnsSearch } from "../../oci/hosts.ts";
import { parseLabels } from "../../oci/labels.ts";
import { parseLogConfig } from "../../oci/log-options.ts";
import { parseMounts, parseVolumesFrom } from "../../oci/mounts.ts";
import { parseNamespace } from "../../oci/namespaces.ts";
import { parseNetwork } from "../../oci/network-flag.ts";
import { parseExposed, parsePorts } from "../../oci/ports.ts";
import { parseRestartPolicy } from "../../oci/restart.ts";
import { parseSecret } from "../../oci/secret-flag.ts";
import { parseSecurityOptions } from "../../oci/security-opt.ts";
import { parseSignal } from "../../oci/signals.ts";
import { checkSysctls, parseSysctls } from "../../oci/sysctl.ts";
import { parseUlimits } from "../../oci/ulimit.ts";
import { parseUmask } from "../../oci/umask.ts";
import { parseDecimalBytes } from "../../oci/units.ts";
import { parseGroupAdd } from "../../oci/user.ts";
import { expandGlob, hostEnv, readText } from "../host-env.ts";
import { annotations } from "./annotations.ts";
import type { CreateFlags } from "./flags.ts";
import { healthConfig } from "./health-flags.ts";
import { networkMode } from "./network-flags.ts";
import { bytes, resources } from "./resource-flags.ts";
import { userPart } from "./user-flags.ts";

type Given = ReadonlySet<string>;

/** What 0 asks for, and nothing: the default. */
const NO_PIDS_LIMIT = { pidsLimit: -1 };

export function containerConfig(
  flags: CreateFlags,
  given: Given,
  image: string,
  command: string[],
): ContainerConfig {
  checkConflicts(flags, given);
  const config: ContainerConfig = {
    image: null,
    ...(flags.rootfs ? rootfs(image) : { rootfs: null }),
    entrypoint: [],
    command,
    ...processPart(flags),
    ...filesystemPart(flags, given),
    ...securityPart(flags),
    ...networkPart(flags, given),
    pid: parseNamespace("pid", flags.pid),
    ipc: parseNamespace("ipc", flags.ipc),
    uts: parseNamespace("uts", flags.uts),
    cgroupns: parseNamespace("cgroup", flags.cgroupns),
    ...userPart(flags, given),
    oomScoreAdj: oomScore(flags["oom-score-adj"]),
    resources: { ...resources(flags, given), ...(flags["pids-limit"] === 0 ? NO_PIDS_LIMIT : {}) },
    cgroups: cgroupsMode(flags.cgroups),
    cgroupParent: flags["cgroup-parent"],
    labels: labels(flags, image),
    annotations: annotations(flags),
    restart: parseRestartPolicy(flags.restart),
    autoRemove: flags.rm || flags.rmi,
    ...(flags.rmi ? { removeImage: true } : {}),
    ...(flags.requires.length > 0 ? { requires: flags.requires } : {}),
    log: log(flags),
    secrets: flags.secret.map(parseSecret),
    health: healthConfig(flags, given),
    ...sdnotify(flags),
  };
  checkSysctls(config.sysctls, config);
  return config;
}

/** `DIR`, `DIR:O` */
function rootfs(text: string): Pick<ContainerConfig, "rootfs" | "rootfsOverlay"> {
  const [, directory, option] = /^(.*):(O|idmap|idmap=.*)$/s.exec(text) ?? [];
  if (directory === undefined) return { rootfs: path.resolve(text) };
  if (option === "O") return { rootfs: path.resolve(directory), rootfsOverlay: true };
  throw new EngineError("not-supported", `--rootfs with the option ${option} is not supported yet`, {
    hint: `give the directory's files to the container's users, or mount it beside: --rootfs ${directory}:O`,
  });
}

/** Those asked for, and the unit of systemd's that makes the container. */
function labels(flags: CreateFlags, image: string): Record<string, string> {
  const given = parseLabels(flags.label, flags["label-file"].map(labelFile));
  const unit = process.env[SYSTEMD_UNIT];
  const all = unit ? { ...given, [SYSTEMD_UNIT]: unit } : given;
  if (!flags.rootfs) checkUpdates(all, image);
  return all;
}

/** --entrypoint: a JSON list or one word; "" takes the image's away. null where not given. */
export function entrypoint(text: string | undefined): string[] | null {
  if (text === undefined) return null;
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((word) => typeof word === "string")) return list;
  } catch {
    // not JSON: the entrypoint itself
  }
  return [text];
}

function checkConflicts(flags: CreateFlags, given: Given): void {
  const together = (a: string, b: string) => {
    if (given.has(a) && given.has(b)) throw usage(`--${a} and --${b} cannot be set together`);
  };
  if (flags["no-hosts"] && given.has("add-host")) {
    throw usage("--no-hosts and --add-host cannot be set together");
  }
  if (flags["no-hosts"] && given.has("hosts-file")) together("no-hosts", "hosts-file");
  const network = parseNetwork(flags.network).kind;
  const hasDns = ["dns", "dns-option", "dns-search"].some((name) => given.has(name));
  if (hasDns && (network === "none" || network === "container")) {
    throw usage(`conflicting options: dns and the network mode: ${network}`);
  }
  if (network === "container" && flags["add-host"].length > 0) {
    throw usage(
      "invalid config provided: cannot set extra host entries when the container is joined to another containers network namespace: invalid configuration",
    );
  }
  for (const [name, option] of [
    ["dns-search", "DNSSearch"],
    ["dns-option", "DNSOption"],
  ] as const) {
    if (flags.dns.includes("none") && flags[name].length > 0) {
      throw usage(
        `invalid config provided: UseImageResolvConf and ${option} are mutually exclusive options: invalid configuration`,
      );
    }
  }
  together("cpu-period", "cpus");
  together("cpu-quota", "cpus");
  // One that fails is to be started again, and removed when it has ended for good.
  if ((flags.rm || flags.rmi) && !["", "no", "never", "on-failure"].includes(flags.restart)) {
    throw usage('the --rm option conflicts with --restart, when the restartPolicy is not "" and "no"');
  }
  if (flags.hostname !== "" && !["", "private"].includes(flags.uts)) {
    throw usage(
      "invalid config provided: cannot set hostname when running in the host UTS namespace: invalid configuration",
    );
  }
  if (flags.init && !["", "private"].includes(flags.pid)) {
    throw usage("cannot add init binary as PID 1 (PID namespace isn't private)");
  }
  if (flags.init && flags.systemd.toLowerCase() === "always") {
    throw usage("cannot use container-init binary with systemd=always");
  }
  if (given.has("shm-size") && (flags.ipc === "host" || flags.ipc === "none")) {
    throw usage(
      `invalid config provided: cannot set shmsize when running in the {${flags.ipc} } IPC Namespace`,
    );
  }
  if (flags.workdir !== "" && !flags.workdir.startsWith("/")) {
    throw usage(`the working directory "${flags.workdir}" is not an absolute path`);
  }
  checkCgroupParent(flags);
  if (flags.replace && flags.name === "") throw usage("cannot replace container without --name being set");
}

function checkCgroupParent({ cgroups, "cgroup-parent": parent }: CreateFlags): void {
  if (parent === "") return;
  if (cgroups === "disabled") {
    throw usage("cannot set cgroup parent if not creating cgroups: invalid argument");
  }
  if (cgroups === "split") {
    throw usage("cannot specify --cgroup-mode=split with a cgroup-parent: invalid argument");
  }
}

function processPart(flags: CreateFlags) {
  return {
    env: hostEnv(flags.env, flags["env-file"]),
    workdir: flags.workdir,
    createWorkdir: flags.workdir === "",
    user: flags.user,
    groups: parseGroupAdd(flags["group-add"]),
    terminal: flags.tty,
    openStdin: flags.interactive,
    ...(flags.personality ? { personality: parsePersonality(flags.personality) } : {}),
    ...(flags.chrootdirs.length > 0
      ? { chrootDirs: flags.chrootdirs.map((directory) => cleanPath(`/${directory}`)) }
      : {}),
    umask: parseUmask(flags.umask),
    timezone: flags.tz,
    init: flags.init,
    initPath: flags["init-path"],
    systemd: false,
    ...(flags["shm-size-systemd"]
      ? { shmSizeSystemd: bytes("shm-size-systemd", flags["shm-size-systemd"]) }
      : {}),
    stopSignal: flags["stop-signal"] === "" ? 0 : parseSignal(flags["stop-signal"]),
    stopTimeout: flags["stop-timeout"],
    timeout: flags.timeout,
  };
}

function filesystemPart(flags: CreateFlags, given: Given) {
  for (const text of flags["volumes-from"]) parseVolumesFrom(text);
  const devices = [...flags.device, ...flags.gpus.map(gpuDevice)];
  const cdiDevices = devices.filter(isCdiName);
  return {
    mounts: parseMounts(
      { volumes: flags.volume, mounts: flags.mount, tmpfs: flags.tmpfs },
      (file) => path.resolve(file),
      expandGlob,
    ),
    volumesFrom: flags["volumes-from"],
    devices: devices.filter((name) => !isCdiName(name)).map(parseDevice),
    ...(cdiDevices.length > 0 ? { cdiDevices } : {}),
    readOnly: flags["read-only"],
    readOnlyTmpfs: flags["read-only-tmpfs"],
    // As Podman: what is configured is in thousands, a flag in powers of two.
    shmSize: given.has("shm-size")
      ? bytes("shm-size", flags["shm-size"], "unable to translate --shm-size")
      : parseDecimalBytes(flags["shm-size"]),
  };
}

function securityPart(flags: CreateFlags) {
  const capAdd = flags["cap-add"].map(normalizeCapability);
  const capDrop = flags["cap-drop"].map(normalizeCapability);
  mergeCapabilities([], capAdd, capDrop, []); // refuses what can't be together
  return {
    capAdd,
    capDrop,
    privileged: flags.privileged,
    security: parseSecurityOptions(flags["security-opt"]),
    ...parseUlimits(flags.ulimit),
    sysctls: parseSysctls(flags.sysctl),
  };
}

function networkPart(flags: CreateFlags, given: ReadonlySet<string>) {
  for (const text of flags["add-host"]) parseAddHost(text);
  return {
    hostname: flags.hostname,
    domainname: "",
    network: networkMode(flags, given),
    ports: parsePorts(flags.publish),
    exposed: parseExposed(flags.expose),
    dns: parseDns(flags.dns),
    dnsSearch: parseDnsSearch(flags["dns-search"]),
    dnsOptions: flags["dns-option"],
    addHosts: flags["add-host"],
    noHosts: flags["no-hosts"],
    ...(flags["hosts-file"] ? { hostsFile: hostsFile(flags["hosts-file"]) } : {}),
    ...(flags["no-hostname"] ? { noHostname: true } : {}),
  };
}

function sdnotify({ sdnotify: mode }: CreateFlags): Pick<ContainerConfig, "sdnotify" | "notifySocket"> {
  const socket = process.env["NOTIFY_SOCKET"];
  const inspected = socket ? { notifySocket: socket } : {};
  if (mode === "container" || mode === "") return inspected;
  if (mode === "ignore") return { sdnotify: mode };
  if (mode === "conmon" || mode === "healthy") return { sdnotify: mode, ...inspected };
  throw usage(
    `invalid config provided: invalid argument: invalid sdnotify value "${mode}": must be container, conmon, healthy or ignore`,
  );
}

function oomScore(score: number | undefined): number | null {
  if (score === undefined) return null;
  if (Math.abs(score) > 1000) throw usage(`--oom-score-adj ${score} is not between -1000 and 1000`);
  return score;
}

function log(flags: CreateFlags): ContainerConfig["log"] {
  const config = parseLogConfig(flags["log-driver"], flags["log-opt"]);
  return config.path === "" ? config : { ...config, path: path.resolve(config.path) };
}

function labelFile(file: string): string {
  try {
    return readText(file);
  } catch (error) {
    throw rephrase(error, { prefix: "unable to process labels: ", exitCode: 125 });
  }
}

/** The image's (`image`), an empty one (`none`), or a file of the host. */
function hostsFile(text: string): string {
  return text === "image" || text === "none" ? text : path.resolve(text);
}

function parsePersonality(text: string): "LINUX" | "LINUX32" {
  if (text === "LINUX" || text === "LINUX32") return text;
  throw usage(`invalid --personality "${text}": must be LINUX or LINUX32`);
}

function cgroupsMode(text: string): ContainerConfig["cgroups"] {
  if (text === "") return "enabled";
  if (text === "enabled" || text === "disabled" || text === "no-conmon" || text === "split") return text;
  throw usage(`running container create option: invalid cgroup mode "${text}": invalid argument`);
}

function usage(message: string): EngineError {
  return new EngineError("usage", message);
}
