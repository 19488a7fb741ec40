import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { controllers } from "../../host/cgroup.ts";
import type { Context } from "../../host/context.ts";
import { readWholeJson, writeFileAtomic, writeJsonAtomic } from "../../host/files.ts";
import { withLock } from "../../host/lock.ts";
import { childProcess, nativePath } from "../../host/spawn.ts";
import type { ContainerConfig, ResourceLimits, RestartPolicy } from "../../oci/container.ts";
import type { HealthFlags } from "../../oci/health.ts";
import { changedHealth } from "../../oci/health-change.ts";
import { keyAndValue } from "../../oci/key-value.ts";
import { cgroupResources, neededControllers, withControllers } from "../../oci/resources.ts";
import { type Resources, type RuntimeSpec, serializeSpec } from "../../oci/runtime-spec.ts";
import { processRlimits } from "../../oci/ulimit.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import { recordContainerEvent } from "../../runtime/event-log.ts";
import { monitorHealth } from "../../runtime/health.ts";
import type { MonitorConfig } from "../../runtime/monitor.ts";
import { runtimeRoot } from "../../runtime/places.ts";
import {
  type ContainerRecord,
  containerDirectory,
  findRecord,
  rewriteRecord,
} from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { currentCgroup } from "./cgroup.ts";
import { blockDeviceNumbers, deviceNumbers } from "./devices.ts";
import { hostFacts } from "./host-facts.ts";

/** What is to be changed; the rest stays. */
export interface ContainerChange {
  resources: Partial<ResourceLimits>;
  restart?: RestartPolicy | undefined;
  health: Partial<HealthFlags>;
  env: Record<string, string>;
  unsetEnv: readonly string[];
  /** In place of all that were asked for before. */
  ulimits?: Pick<ContainerConfig, "ulimits" | "hostUlimits">;
}

/** Changes a container: at once where it runs, and for its next start. Returns its id. */
export async function updateContainer(
  ctx: Context,
  nameOrId: string,
  change: ContainerChange,
): Promise<string> {
  const { id } = findRecord(ctx, nameOrId);
  return await withLock(ctx, `container/${id}`, async () => {
    const old = findRecord(ctx, id);
    const record: ContainerRecord = { ...old, config: changed(old.config, change) };
    const limits = resourcesToSet(record, change.resources);
    const { state, last } = readStatus(ctx, id);
    if (!isActive(state)) {
      rewriteRecord(ctx, record);
    } else {
      const possible = limits && checkCgroup(ctx, record, limits);
      rewriteRecord(ctx, record);
      try {
        if (possible) setLimits(ctx, record, possible);
      } catch (error) {
        rewriteRecord(ctx, old);
        throw error;
      }
      await tellMonitor(ctx, record, change, last?.socket ?? undefined);
    }
    recordContainerEvent(ctx, record, "update");
    return id;
  });
}

function changed(config: ContainerConfig, change: ContainerChange): ContainerConfig {
  const { resources, restart, health } = change;
  if (restart && restart.name !== "no" && config.autoRemove) {
    throw new EngineError(
      "usage",
      'the --rm option conflicts with --restart, when the restartPolicy is not "" and "no"',
    );
  }
  return {
    ...config,
    env: changedEnv(config.env, change),
    ...change.ulimits,
    resources: { ...config.resources, ...resources },
    ...(restart ? { restart } : {}),
    ...(Object.keys(health).length > 0 ? { health: changedHealth(config.health, health) } : {}),
  };
}

function changedEnv(old: Record<string, string>, { env, unsetEnv }: ContainerChange): Record<string, string> {
  const kept = Object.entries(old).filter(([name]) => !unsetEnv.includes(name));
  return { ...Object.fromEntries(kept), ...env };
}

/** The groups in which something changes, whole: memory and swap, or quota and period, are one matter. */
function resourcesToSet({ config }: ContainerRecord, change: Partial<ResourceLimits>): Resources | undefined {
  if (Object.keys(change).length === 0) return undefined;
  const none: ResourceLimits = {
    memory: 0,
    memoryReservation: 0,
    memorySwap: 0,
    cpuPeriod: 0,
    cpuQuota: 0,
    cpuShares: 0,
    cpusetCpus: "",
    cpusetMems: "",
    pidsLimit: 0,
  };
  const groups = Object.keys(cgroupResources({ ...none, ...change }, null, blockDeviceNumbers));
  const all = cgroupResources(config.resources, null, deviceNumbers);
  return Object.fromEntries(Object.entries(all).filter(([group]) => groups.includes(group)));
}

/** Before anything is changed, and in the same words whatever the runtime. Returns what there is to set. */
function checkCgroup(ctx: Context, record: ContainerRecord, resources: Resources): Resources {
  const spec = readWholeJson<RuntimeSpec>(path.join(containerDirectory(ctx, record.id), "config.json"));
  const cgroup = currentCgroup(
    record.id,
    spec?.linux.cgroupsPath,
    readStatus(ctx, record.id).last?.init?.pid,
  );
  if (!cgroup) {
    throw new EngineError("no-cgroup", `container ${record.id} has no cgroup: its limits cannot be changed`, {
      hint: "`coracle doctor` says how one is delegated to you",
    });
  }
  const there = controllers(cgroup);
  const missing = neededControllers(resources).filter((name) => !there.includes(name));
  if (missing.length === 0) return withControllers(resources, there);
  throw new EngineError(
    "no-controller",
    `the limits of container ${record.id} cannot be changed: the cgroup controller ${missing.join(", ")} is not available here`,
    { hint: `delegate it to the user (systemd: Delegate=${missing.join(" ")}); \`coracle doctor\` says how` },
  );
}

/** By the runtime that runs it. */
function setLimits(ctx: Context, record: ContainerRecord, resources: Resources): void {
  const program = record.runtime ?? nativePath(ctx, "coracle-runtime");
  const args = ["--root", runtimeRoot(ctx, record), "update", "--resources", "-", record.id];
  const { status, stderr, error } = childProcess().spawnSync(program, args, {
    input: JSON.stringify(resources),
    stdio: ["pipe", "ignore", "pipe"],
  });
  if (status === 0) return;
  const reason = error?.message ?? stderr.toString().trim().split("\n").at(-1) ?? "it was killed";
  throw new EngineError("runtime-failed", `${path.basename(program)} update: ${reason}`);
}

/** What its monitor goes by, and what `exec` and a restart find. */
async function tellMonitor(
  ctx: Context,
  record: ContainerRecord,
  change: ContainerChange,
  socket: string | undefined,
): Promise<void> {
  const { restart, health } = change;
  const directory = containerDirectory(ctx, record.id);
  changeSpec(ctx, record, change);
  if (!restart && Object.keys(health).length === 0) return;
  const file = path.join(directory, "monitor.json");
  const monitor = readWholeJson<MonitorConfig>(file);
  const { name: policy, max } = record.config.restart;
  const next = { ...monitor, restart: { policy, max }, health: monitorHealth(ctx, record) };
  writeJsonAtomic(file, next, { durable: false });
  const connection = socket === undefined ? undefined : await MonitorConnection.open(socket);
  try {
    await connection?.reload();
  } finally {
    connection?.close();
  }
}

/** Of the runtime config what `exec` goes by. */
function changeSpec(
  ctx: Context,
  record: ContainerRecord,
  { env, unsetEnv, ulimits }: ContainerChange,
): void {
  if (Object.keys(env).length + unsetEnv.length === 0 && !ulimits) return;
  const file = path.join(containerDirectory(ctx, record.id), "config.json");
  const spec = readWholeJson<RuntimeSpec>(file);
  if (!spec) return;
  if (ulimits) spec.process.rlimits = processRlimits(ulimits, hostFacts(ctx));
  spec.process.env = changedSpecEnv(spec.process.env, env, unsetEnv);
  writeFileAtomic(file, serializeSpec(spec), { durable: false });
}

function changedSpecEnv(
  old: readonly string[],
  env: Record<string, string>,
  unset: readonly string[],
): string[] {
  const nameOf = (entry: string) => keyAndValue(entry)[0];
  const kept = old.filter((entry) => {
    const name = nameOf(entry);
    return !unset.includes(name) && !Object.hasOwn(env, name);
  });
  return [...kept, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
}
