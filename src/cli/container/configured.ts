import { serviceDefaults } from "../../engine/container/unit.ts";
import { EngineError } from "../../errors.ts";
import type { ContainersConf } from "../../host/config/containers-conf-keys.ts";
import { cleanPath } from "../../oci/container-path.ts";
import { keyAndValue } from "../../oci/key-value.ts";
import { warn } from "../log.ts";
import type { CreateFlags } from "./flags.ts";

/** Podman's variable, stronger than the configuration and weaker than flags. */
const USERNS_VARIABLE = "PODMAN_USERNS";

/** The flags of `create` and `run` with what containers.conf(5) says where they say nothing. */
export function withConfiguration(
  flags: CreateFlags,
  given: ReadonlySet<string>,
  { containers, engine, network }: ContainersConf,
): CreateFlags {
  const init_path = containers.init_path || engine.init_path;
  const configured = withContainers(flags, given, {
    ...serviceDefaults(),
    ...containers,
    ...(init_path && { init_path }),
  });
  return {
    ...configured,
    publish: flags.publish.flatMap((text) => onHosts(text, network.default_host_ips ?? [])),
    network: withDefaultNetwork(rootlessNetwork(configured.network, network), network),
  };
}

/** A port that is published without a host's address is so on all of those. */
function onHosts(text: string, addresses: readonly string[]): string[] {
  const [ports = ""] = text.split("/", 1);
  const colons = ports.split(":").length - 1;
  if (addresses.length === 0 || colons > 1 || ports.startsWith("[")) return [text];
  return addresses.map((ip) => `${ip.includes(":") ? `[${ip}]` : ip}:${colons === 1 ? text : `:${text}`}`);
}

/** What a network of the container's own is, where neither flags nor [containers] say more than that. */
function rootlessNetwork(
  flag: string[],
  { default_rootless_network_cmd: program = "" }: ContainersConf["network"],
): string[] {
  if (flag.length > 1 || !["", "private", "default"].includes(flag[0] ?? "")) return flag;
  if (program === "" || program === "slirp4netns") return flag;
  if (program === "pasta") return ["pasta"];
  throw new EngineError("bad-config", `invalid default_rootless_network_cmd option "${program}"`, {
    hint: "in [network] of containers.conf it is pasta or slirp4netns",
  });
}

/** `bridge` stands for the default network, which may have another name. */
function withDefaultNetwork(
  flag: string[],
  { default_network: name = "" }: ContainersConf["network"],
): string[] {
  return name === "" ? flag : flag.map((value) => value.replace(/^bridge(?=:|$)/, name));
}

function withContainers(
  flags: CreateFlags,
  given: ReadonlySet<string>,
  conf: ContainersConf["containers"],
): CreateFlags {
  const userns = process.env[USERNS_VARIABLE] || (conf.userns === "private" ? undefined : conf.userns);
  const isEmpty = Object.keys(conf).length === 0;
  if (isEmpty) return userns && !given.has("userns") ? { ...flags, userns } : flags;
  const or = <Name extends keyof CreateFlags>(name: Name, value: CreateFlags[Name] | undefined) =>
    given.has(name) || value === undefined || value === "" ? flags[name] : value;
  const network = conf.netns && conf.netns !== "private" ? [conf.netns] : undefined;
  return {
    ...flags,
    annotation: [...(conf.annotations ?? []), ...flags.annotation],
    "cgroup-conf": [...(conf.cgroup_conf ?? []), ...flags["cgroup-conf"]],
    cgroupns: or("cgroupns", conf.cgroupns),
    cgroups: or("cgroups", conf.cgroups),
    device: [...(conf.devices ?? []), ...flags.device],
    dns: or("dns", conf.dns_servers),
    "dns-option": or("dns-option", conf.dns_options),
    "dns-search": or("dns-search", conf.dns_searches),
    "env-host": or("env-host", conf.env_host),
    "http-proxy": or("http-proxy", conf.http_proxy),
    init: or("init", conf.init),
    "init-path": flags.init || conf.init ? or("init-path", conf.init_path) : flags["init-path"],
    ipc: or("ipc", conf.ipcns),
    "log-driver": or("log-driver", conf.log_driver),
    "log-opt": [
      ...logOptions(conf, given.has("log-driver") ? flags["log-driver"] : conf.log_driver),
      ...flags["log-opt"],
    ],
    mount: [...newMounts(conf.mounts, flags), ...flags.mount],
    network: or("network", network),
    "no-hosts": or("no-hosts", conf.no_hosts),
    "oom-score-adj": or("oom-score-adj", conf.oom_score_adj),
    pid: or("pid", conf.pidns),
    privileged: or("privileged", conf.privileged),
    "read-only": or("read-only", conf.read_only),
    "shm-size": or("shm-size", conf.shm_size),
    sysctl: [...newSysctls(conf, flags), ...flags.sysctl],
    tz: flags.tz || (conf.tz ?? ""),
    ulimit: or("ulimit", conf.default_ulimits),
    umask: or("umask", conf.umask),
    userns: or("userns", userns),
    uts: given.has("hostname") ? flags.uts : or("uts", conf.utsns),
    volume: [...newVolumes(conf.volumes, flags), ...flags.volume],
  };
}

/** `NAME=…` of the configuration whose NAME no flag has. */
function newOnes(configured: readonly string[] = [], flags: readonly string[]): string[] {
  const name = (text: string) => keyAndValue(text)[0];
  const taken = new Set(flags.map(name));
  return configured.filter((text) => !taken.has(name(text)));
}

/** Without those of namespaces that the container has from the host or from another container. */
function newSysctls(conf: ContainersConf["containers"], flags: CreateFlags): string[] {
  const isShared = (value = "") => value === "host" || value.startsWith("container:");
  const shared = [
    ...(isShared(flags.network[0] ?? conf.netns) ? ["net."] : []),
    ...(isShared(flags.ipc || conf.ipcns) ? ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."] : []),
    ...(isShared(flags.uts || conf.utsns) ? ["kernel.hostname", "kernel.domainname"] : []),
  ];
  return newOnes(conf.default_sysctls, flags.sysctl).filter(
    (sysctl) => !shared.some((prefix) => sysctl.startsWith(prefix)),
  );
}

function newVolumes(configured: readonly string[] = [], flags: CreateFlags): string[] {
  const destination = (volume: string) => {
    const [source = "", target = source] = volume.split(":");
    return cleanPath(target);
  };
  const taken = new Set([...flags.volume, ...flags.tmpfs].map(destination));
  for (const mount of flags.mount) taken.add(mountTarget(mount));
  return configured.filter((volume) => !taken.has(destination(volume)));
}

function newMounts(configured: readonly string[] = [], flags: CreateFlags): string[] {
  const taken = new Set(flags.mount.map(mountTarget).filter(Boolean));
  return configured.filter((mount) => !taken.has(mountTarget(mount)));
}

function mountTarget(mount: string): string {
  const [, target] = /(?:^|,)(?:dst|dest|destination|target)=([^,]*)/.exec(mount) ?? [];
  return target ? cleanPath(target) : "";
}

function logOptions(
  { log_path, log_size_max = 0, log_tag }: ContainersConf["containers"],
  driver: string | undefined,
): string[] {
  if (log_tag && driver === "json-file")
    warn(`log_tag ${JSON.stringify(log_tag)} is not allowed with "json-file" log_driver`);
  const tag = log_tag && driver !== "json-file" ? [`tag=${log_tag}`] : [];
  const size = log_size_max > 0 ? [`max-size=${log_size_max}`] : [];
  return [...(log_path ? [`path=${log_path}`] : []), ...size, ...tag];
}
