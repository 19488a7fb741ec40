import * as fs from "node:fs";
import * as os from "node:os";
import { rephrase } from "../../errors.ts";
import { controllers, isUnified } from "../../host/cgroup.ts";
import { candidates, storageConfFile } from "../../host/config/files.ts";
import { registriesConf } from "../../host/config/registries.ts";
import { type Context, isRealRoot } from "../../host/context.ts";
import { findProgram } from "../../host/programs.ts";
import { nativePath } from "../../host/spawn.ts";
import { copyDirectory } from "../../host/staging.ts";
import { defaultCapabilities, normalizeCapability } from "../../oci/capabilities.ts";
import { keyAndValue } from "../../oci/key-value.ts";
import type { RegistryMirror } from "../../oci/registries.ts";
import { eventsBackend } from "../../runtime/event-log.ts";
import { listRecords } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { storageDriver } from "../../storage/driver.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { cgroupManager, parentCgroup } from "../container/cgroup.ts";
import { resolveRuntime, runtimeName } from "../container/runtime-choice.ts";
import { defaultSeccompFile } from "../container/seccomp-profile.ts";
import { parseCpuUsage } from "./cpu-usage.ts";
import { describeProgram, packageOf } from "./host-program.ts";

/** What `info` prints, with Podman's keys; `version` is that of `version`. */
export async function systemInfo(ctx: Context, version: { Version: string }) {
  return {
    host: hostInfo(ctx, version.Version),
    store: storeInfo(ctx),
    registries: await registries(),
    plugins: plugins(ctx),
    version,
  };
}

const goArch = () => ({ x64: "amd64", ia32: "386" })[process.arch as string] ?? process.arch;

/** As a uint32: locks are files, as many as are needed. */
const NO_LIMIT = 4294967295;

function hostInfo(ctx: Context, version: string) {
  const manager = cgroupManager(ctx);
  const cgroup = parentCgroup(ctx);
  const slirp4netns = describeProgram("slirp4netns");
  const netavark = describeProgram("netavark");
  return {
    arch: goArch(),
    buildahVersion: "",
    cgroupManager: cgroup === null ? "disabled" : manager,
    cgroupVersion: isUnified() ? "v2" : "v1",
    cgroupControllers: cgroup === null ? [] : controllers(cgroup),
    conmon: {
      package: packageOf(fs.realpathSync(nativePath(ctx, "coracle-monitor"))),
      path: nativePath(ctx, "coracle-monitor"),
      version: `coracle-monitor version ${version}`,
    },
    cpus: os.cpus().length,
    cpuUtilization: parseCpuUsage(fs.readFileSync("/proc/stat", "utf8")),
    databaseBackend: "files",
    distribution: distribution(),
    eventLogger: eventsBackend(ctx),
    freeLocks: NO_LIMIT,
    hostname: os.hostname(),
    idMappings: { gidmap: idMap("gid_map"), uidmap: idMap("uid_map") },
    kernel: os.release(),
    logDriver: ctx.config.containers.log_driver ?? "k8s-file",
    memFree: memory("MemFree"),
    memTotal: memory("MemTotal"),
    networkBackend: "netavark",
    networkBackendInfo: {
      backend: "netavark",
      version: netavark.version,
      package: netavark.package,
      path: netavark.executable,
      dns: { path: findProgram("aardvark-dns") ?? "" },
    },
    ociRuntime: ociRuntime(ctx, version),
    os: "linux",
    remoteSocket: { path: "", exists: false },
    rootlessNetworkCmd: ctx.config.network.default_rootless_network_cmd || "slirp4netns",
    serviceIsRemote: false,
    security: {
      apparmorEnabled: fs.existsSync("/sys/kernel/security/apparmor/profiles"),
      capabilities: (ctx.config.containers.default_capabilities ?? defaultCapabilities)
        .map(normalizeCapability)
        .join(","),
      rootless: !isRealRoot(ctx),
      seccompEnabled: true,
      seccompProfilePath: defaultSeccompFile(ctx) ?? "",
      selinuxEnabled: false,
    },
    slirp4netns,
    pasta: describeProgram("pasta"),
    swapFree: memory("SwapFree"),
    swapTotal: memory("SwapTotal"),
    uptime: uptime(os.uptime()),
    variant: "",
    linkmode: "dynamic",
  };
}

function ociRuntime(ctx: Context, version: string) {
  const other = resolveRuntime(ctx, undefined);
  if (other !== null) {
    const { executable, ...rest } = describeProgram(other);
    return { name: runtimeName(ctx, undefined), ...rest, path: executable };
  }
  return {
    name: "coracle-runtime",
    package: packageOf(fs.realpathSync(nativePath(ctx, "coracle-runtime"))),
    path: nativePath(ctx, "coracle-runtime"),
    version: `coracle-runtime version ${version}`,
  };
}

function uptime(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const text = `${hours}h ${Math.floor((seconds % 3600) / 60)}m ${Math.floor(seconds % 60)}.00s`;
  return hours > 24 ? `${text} (Approximately ${(hours / 24).toFixed(2)} days)` : text;
}

function storeInfo(ctx: Context) {
  const states = listRecords(ctx).map((record) => readStatus(ctx, record.id).state);
  const count = (...wanted: string[]) => states.filter((state) => wanted.includes(state)).length;
  const { driver, program } = storageDriver(ctx);
  const { imageStores, others } = ctx.storage;
  const space = fs.existsSync(ctx.graphRoot) ? fs.statfsSync(ctx.graphRoot) : undefined;
  return {
    configFile: storageConfFile() ?? (candidates("storage.conf")[0] as string),
    containerStore: {
      number: states.length,
      paused: count("paused"),
      running: count("running", "stopping", "restarting"),
      stopped: count("exited", "created", "initialized"),
    },
    graphDriverName: driver,
    graphOptions: {
      ...others,
      ...(imageStores.length > 0 ? { "overlay.imagestore": imageStores.join(",") } : {}),
      ...(program === undefined ? {} : { "overlay.mount_program": mountProgram(program) }),
    },
    graphRoot: ctx.graphRoot,
    graphRootAllocated: space ? space.blocks * space.bsize : 0,
    graphRootUsed: space ? (space.blocks - space.bfree) * space.bsize : 0,
    graphStatus: driver === "vfs" ? {} : graphStatus(driver, space?.type),
    imageCopyTmpDir: copyDirectory(ctx),
    imageStore: { number: Object.keys(visibleImages(ctx).images).length },
    runRoot: ctx.runRoot,
    volumePath: ctx.volumeRoot,
    transientStore: false,
  };
}

function mountProgram(program: string) {
  const { executable, package: owner, version } = describeProgram(program);
  return { Executable: executable, Package: owner, Version: version };
}

/** File systems by the number that statfs(2) gives, with Podman's names. */
const FILE_SYSTEMS: Record<number, string> = {
  61267: "extfs",
  1481003842: "xfs",
  2435016766: "btrfs",
  16914836: "tmpfs",
  801189825: "zfs",
  2035054128: "overlayfs",
  4076150800: "f2fs",
};

function graphStatus(driver: string, fileSystem: number | undefined): Record<string, string> {
  return {
    "Backing Filesystem": FILE_SYSTEMS[fileSystem ?? 0] ?? "<unknown>",
    "Native Overlay Diff": "false",
    "Supports d_type": "true",
    "Supports shifting": String(driver === "fuse-overlayfs"),
    "Supports volatile": String(driver === "overlay"),
    "Using metacopy": "false",
  };
}

/** What registries.conf says, by the registry's prefix; `search` for names without one. */
async function registries(): Promise<Record<string, unknown>> {
  const conf = await registriesConf().catch((error: unknown) => {
    throw rephrase(error, { prefix: "getting registries: " });
  });
  if (conf === undefined) return {};
  const entries = conf.registries.map((entry) => [
    entry.prefix,
    {
      Prefix: entry.prefix,
      Location: entry.location,
      Insecure: entry.insecure,
      PullFromMirror: "",
      Mirrors: entry.mirrors.length === 0 ? null : entry.mirrors.map(mirrorInfo),
      Blocked: entry.blocked,
      MirrorByDigestOnly: entry.mirrorByDigestOnly,
    },
  ]);
  const search = conf.unqualifiedSearch.length > 0 ? { search: conf.unqualifiedSearch } : {};
  return { ...Object.fromEntries(entries), ...search };
}

function mirrorInfo({ location, insecure, pullFrom }: RegistryMirror) {
  return { Location: location, Insecure: insecure, PullFromMirror: pullFrom === "all" ? "" : pullFrom };
}

function plugins({ config }: Context) {
  return {
    volume: ["local", ...Object.keys(config.engine.volume_plugins ?? {})],
    network: ["bridge", "none", "host", "slirp4netns", "pasta", "container", "ns"],
    log: ["k8s-file", "json-file", "journald", "none", "passthrough", "passthrough-tty"],
    authorization: null,
  };
}

function distribution(): Record<string, string> {
  const release = osRelease();
  return {
    distribution: release.ID ?? "unknown",
    ...(release.VARIANT_ID ? { variant: release.VARIANT_ID } : {}),
    version: release.VERSION_ID ?? "unknown",
    ...(release.VERSION_CODENAME ? { codename: release.VERSION_CODENAME } : {}),
  };
}

function osRelease(): Record<string, string> {
  try {
    const lines = fs.readFileSync("/etc/os-release", "utf8").split("\n");
    return Object.fromEntries(
      lines
        .map(keyAndValue)
        .flatMap(([key, value]) => (value === undefined ? [] : [[key, value.replace(/^"|"$/g, "")]])),
    );
  } catch {
    return {};
  }
}

function idMap(file: string) {
  return fs
    .readFileSync(`/proc/self/${file}`, "utf8")
    .trim()
    .split("\n")
    .map((row) => {
      const [container_id, host_id, size] = row.trim().split(/\s+/).map(Number);
      return { container_id, host_id, size };
    });
}

function memory(key: string): number {
  return (
    Number(
      new RegExp(`^${key}:\\s*(\\d+) kB$`, "m").exec(fs.readFileSync("/proc/meminfo", "utf8"))?.[1] ?? 0,
    ) * 1024
  );
}
