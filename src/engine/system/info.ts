import * as fs from "node:fs";
import * as os from "node:os";
import { controllers, delegatedCgroup, isUnified } from "../../host/cgroup.ts";
import { type Context, isRealRoot } from "../../host/context.ts";
import { nativePath } from "../../host/native.ts";
import { findProgram } from "../../host/programs.ts";
import { listRecords } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { storageDriver } from "../../storage/driver.ts";
import { readImageIndex } from "../../storage/image-index.ts";
import { listVolumes } from "../../storage/volumes.ts";

/** What `info` prints, with Podman's keys. */
export function systemInfo(ctx: Context, version: string) {
  return {
    host: hostInfo(ctx, version),
    store: storeInfo(ctx),
    registries: {},
    plugins: plugins(),
    version: { Version: version, OsArch: `linux/${goArch()}`, Os: "linux" },
  };
}

const goArch = () => ({ x64: "amd64", ia32: "386" })[process.arch as string] ?? process.arch;

function hostInfo(ctx: Context, version: string) {
  const release = osRelease();
  const cgroup = delegatedCgroup();
  const slirp = findProgram("slirp4netns") ?? "";
  return {
    arch: goArch(),
    buildahVersion: "",
    cgroupManager: cgroup === null ? "disabled" : "cgroupfs",
    cgroupVersion: isUnified() ? "v2" : "v1",
    cgroupControllers: cgroup === null ? [] : controllers(cgroup),
    conmon: {
      package: "",
      path: nativePath(ctx, "coracle-monitor"),
      version: `coracle-monitor version ${version}`,
    },
    cpus: os.cpus().length,
    databaseBackend: "files",
    distribution: { distribution: release.ID ?? "unknown", version: release.VERSION_ID ?? "unknown" },
    eventLogger: "none",
    hostname: os.hostname(),
    idMappings: { uidmap: idMap("uid_map"), gidmap: idMap("gid_map") },
    kernel: os.release(),
    logDriver: "k8s-file",
    memFree: os.freemem(),
    memTotal: os.totalmem(),
    networkBackend: "slirp4netns",
    ociRuntime: {
      name: "coracle-runtime",
      package: "",
      path: nativePath(ctx, "coracle-runtime"),
      version: `coracle-runtime version ${version}`,
    },
    os: "linux",
    remoteSocket: { path: "", exists: false },
    rootlessNetworkCmd: "slirp4netns",
    security: {
      apparmorEnabled: fs.existsSync("/sys/kernel/security/apparmor/profiles"),
      capabilities:
        "CAP_CHOWN,CAP_DAC_OVERRIDE,CAP_FOWNER,CAP_FSETID,CAP_KILL,CAP_NET_BIND_SERVICE,CAP_SETFCAP,CAP_SETGID,CAP_SETPCAP,CAP_SETUID,CAP_SYS_CHROOT",
      rootless: !isRealRoot(ctx),
      seccompEnabled: true,
      seccompProfilePath: "",
      selinuxEnabled: false,
    },
    serviceIsRemote: false,
    slirp4netns: { executable: slirp, package: "", version: "" },
    swapFree: memory("SwapFree"),
    swapTotal: memory("SwapTotal"),
    uptime: `${Math.floor(os.uptime() / 3600)}h ${Math.floor((os.uptime() % 3600) / 60)}m ${(os.uptime() % 60).toFixed(2)}s`,
  };
}

function storeInfo(ctx: Context) {
  const states = listRecords(ctx).map((record) => readStatus(ctx, record.id).state);
  const count = (...wanted: string[]) => states.filter((state) => wanted.includes(state)).length;
  const { driver } = storageDriver(ctx);
  const space = fs.existsSync(ctx.graphRoot) ? fs.statfsSync(ctx.graphRoot) : undefined;
  return {
    configFile: "",
    containerStore: {
      number: states.length,
      paused: count("paused"),
      running: count("running", "stopping", "restarting"),
      stopped: count("exited", "created", "initialized"),
    },
    graphDriverName: driver,
    graphOptions: {},
    graphRoot: ctx.graphRoot,
    graphRootAllocated: space ? space.blocks * space.bsize : 0,
    graphRootUsed: space ? (space.blocks - space.bfree) * space.bsize : 0,
    graphStatus: {},
    imageCopyTmpDir: os.tmpdir(),
    imageStore: { number: Object.keys(readImageIndex(ctx).images).length },
    runRoot: ctx.runRoot,
    transientStore: false,
    volumePath: `${ctx.graphRoot}/volumes`,
    volumes: { number: listVolumes(ctx).length },
  };
}

function plugins() {
  return {
    volume: ["local"],
    network: ["none", "host", "slirp4netns", "container", "ns"],
    log: ["k8s-file", "json-file", "none", "passthrough"],
    authorization: null,
  };
}

function osRelease(): Record<string, string> {
  try {
    const lines = fs.readFileSync("/etc/os-release", "utf8").split("\n");
    return Object.fromEntries(
      lines
        .filter((line) => line.includes("="))
        .map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1).replace(/^"|"$/g, "")]),
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
