import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { nativePath } from "../../host/spawn.ts";
import { takesInput } from "../../oci/container.ts";
import { expandLogTag } from "../../oci/log-tag.ts";
import { eventsBackend } from "../../runtime/event-log.ts";
import { monitorHealth } from "../../runtime/health.ts";
import { JOURNAL_SOCKET } from "../../runtime/journal.ts";
import type { MonitorConfig, MonitorNetwork } from "../../runtime/monitor.ts";
import { runDirectory, runtimeRoot } from "../../runtime/places.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import type { CgroupPlan } from "./cgroup.ts";
import { logFile } from "./logs.ts";
import { notifyConfig } from "./notify.ts";
import { overlayMounts } from "./overlays.ts";
import type { Mappings } from "./owner.ts";
import { pidFiles } from "./pid-files.ts";
import { rootfsMount } from "./rootfs-mount.ts";
import { inGeneratedService } from "./unit.ts";

/** What the monitor of a container is to do; `cgroup` null: the container gets none of its own. */
export function monitorConfig(
  ctx: Context,
  record: ContainerRecord,
  mappings: Mappings,
  network: MonitorNetwork,
  cgroup: CgroupPlan | null,
): MonitorConfig {
  const { config } = record;
  const runtime = runtimePath(ctx, record);
  return {
    version: 1,
    id: record.id,
    name: record.name,
    runtime: {
      path: runtime,
      ...(runtime === null ? {} : { args: runtimeArguments(ctx, runtime, cgroup) }),
      root: runtimeRoot(ctx, record),
      ...(ctx.config.containers.keyring === false ? { noNewKeyring: true } : {}),
      ...(ctx.config.engine.no_pivot_root ? { noPivot: true } : {}),
    },
    rootfs: rootfsMount(ctx, record, mappings),
    overlays: overlayMounts(ctx, record),
    terminal: config.terminal,
    openStdin: takesInput(config),
    // As conmon has it: who attaches and ends, ends the container's stdin, also where it was started detached.
    stdinOnce: config.openStdin,
    log: monitorLog(ctx, record),
    runDir: runDirectory(ctx, record.id),
    aliveFile: ctx.aliveFile,
    pidFile: pidFiles(ctx, record).container,
    network,
    stopSignal: config.stopSignal,
    stopTimeout: config.stopTimeout,
    timeout: config.timeout,
    restart: { policy: config.restart.name, max: config.restart.max },
    cleanup: config.autoRemove
      ? [nativePath(ctx, "coracle"), ...storeFlags(ctx), "container", "cleanup", record.id]
      : null,
    cleanupAlways: false,
    notify: notifyConfig(record),
    health: monitorHealth(ctx, record),
    ...(cgroup?.slice ? { systemdSlice: cgroup.slice } : {}),
    ...(config.cgroups === "no-conmon" || inGeneratedService() ? { stayInUnit: true } : {}),
  };
}

/** null where the monitor does our runtime's work itself, which takes no flags. */
function runtimePath(ctx: Context, { runtime }: ContainerRecord): string | null {
  const hasFlags = runtimeFlags(ctx, "coracle-runtime").length > 0;
  return runtime ?? (hasFlags ? nativePath(ctx, "coracle-runtime") : null);
}

/** Those of --runtime-flag, or else those that containers.conf has for a runtime of that name. */
function runtimeFlags({ options, config }: Context, name: string): readonly string[] {
  return options.runtimeFlags ?? config.engine.runtimes_flags?.[name] ?? [];
}

function monitorLog(ctx: Context, record: ContainerRecord): MonitorConfig["log"] {
  const { log } = record.config;
  if (log.driver !== "journald") {
    return {
      driver: log.driver === "passthrough-tty" ? "passthrough" : log.driver,
      path: logFile(ctx, record),
      maxSize: log.maxSize || Math.max(ctx.config.containers.log_size_max ?? 0, 0),
      maxFile: log.maxFile ?? 1,
    };
  }
  const { image } = record.config;
  const tag = expandLogTag(log.tag, {
    ID: record.id,
    Name: record.name,
    ImageName: image?.name ?? "",
    Image: image?.id ?? "",
  });
  return { driver: "journald", path: JOURNAL_SOCKET, tag, maxSize: 0, maxFile: 1 };
}

/** The global flags that make another invocation see the same store. */
export function storeFlags(ctx: Context): string[] {
  return [
    ...["--root", ctx.graphRoot, "--runroot", ctx.runRoot, "--volumepath", ctx.volumeRoot],
    ...["--events-backend", eventsBackend(ctx)],
  ];
}

/** crun insists on a cgroup unless told otherwise; runc finds out by itself. */
function runtimeArguments(ctx: Context, runtime: string, cgroup: CgroupPlan | null): string[] {
  const own = runtimeFlags(ctx, path.basename(runtime)).map((flag) => `--${flag}`);
  if (path.basename(runtime) !== "crun") return cgroup?.slice ? ["--systemd-cgroup", ...own] : own;
  const manager = cgroup === null ? "disabled" : cgroup.slice ? "systemd" : "cgroupfs";
  return [`--cgroup-manager=${manager}`, ...own];
}
