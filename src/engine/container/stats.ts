import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { EngineError, rephrase } from "../../errors.ts";
import { cgroupDirectory } from "../../host/cgroup.ts";
import type { Context } from "../../host/context.ts";
import { readJson } from "../../host/files.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import { cpuPercent, pressureFrom, type Usage, type UsageFiles, usageFrom } from "../../oci/stats.ts";
import { type ContainerRecord, containerDirectory, findRecord, listRecords } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { currentCgroup } from "./cgroup.ts";

/** What a container uses at a moment; times in nanoseconds, all 0 for one that doesn't run. */
export interface ContainerStats extends Usage {
  id: string;
  name: string;
  /** Since the sample before, or since the start. */
  cpuPercent: number;
  averageCpuPercent: number;
  /** When this was, in nanoseconds since the epoch. */
  time: number;
}

export interface StatsSelection {
  /** Names and ids; empty for all that run. */
  names: readonly string[];
  /** Also those that don't run. */
  all: boolean;
}

/** `previous`: by id, what was returned before. */
export function containerStats(
  ctx: Context,
  selection: StatsSelection,
  previous: ReadonlyMap<string, ContainerStats> = new Map(),
): ContainerStats[] {
  return selected(ctx, selection).map((record) => sample(ctx, record, previous.get(record.id)));
}

function selected(ctx: Context, { names, all }: StatsSelection): ContainerRecord[] {
  if (names.length > 0) return names.map((name) => withCgroup(findNamed(ctx, name)));
  const records = listRecords(ctx)
    .filter(hasCgroup)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return all ? records : records.filter(({ id }) => isRunning(readStatus(ctx, id).state));
}

/** Without one of its own nothing is counted for it. */
function hasCgroup({ config }: ContainerRecord): boolean {
  return config.cgroups !== "disabled";
}

function withCgroup(record: ContainerRecord): ContainerRecord {
  if (hasCgroup(record)) return record;
  throw new EngineError(
    "no-cgroup",
    `cannot get stats of container ${record.id} as it did not create a cgroup: this container does not have a cgroup`,
    { hint: "make it without --cgroups=disabled" },
  );
}

function isRunning(state: string): boolean {
  return state === "running" || state === "paused" || state === "stopping";
}

function findNamed(ctx: Context, name: string): ContainerRecord {
  try {
    return findRecord(ctx, name);
  } catch (error) {
    const prefix = `unable to get list of containers: unable to look up container ${name}: `;
    throw rephrase(error, { prefix, exitCode: 125 });
  }
}

const nothing: Usage = {
  cpu: 0,
  systemCpu: 0,
  memory: 0,
  memoryLimit: 0,
  network: null,
  blockInput: 0,
  blockOutput: 0,
  pids: 0,
  pressure: { cpu: pressureFrom(""), memory: pressureFrom(""), io: pressureFrom("") },
};

function sample(ctx: Context, record: ContainerRecord, before: ContainerStats | undefined): ContainerStats {
  const { id, name } = record;
  const time = Date.now() * 1e6;
  const { state, last } = readStatus(ctx, id);
  if (!isRunning(state) || !last?.init || !last.startedAt) {
    return { id, name, ...nothing, cpuPercent: 0, averageCpuPercent: 0, time };
  }
  const usage = usageFrom(readFiles(ctx, record, last.init.pid), os.totalmem());
  const started = Date.parse(last.startedAt) * 1e6;
  // Its counters begin anew with each start.
  const since = before && before.time > started ? before : { cpu: 0, time: started };
  return {
    id,
    name,
    ...usage,
    cpuPercent: cpuPercent(usage.cpu - since.cpu, time - since.time),
    averageCpuPercent: cpuPercent(usage.cpu, time - started),
    time,
  };
}

function readFiles(ctx: Context, { id, config }: ContainerRecord, init: number): UsageFiles {
  const spec = readJson<RuntimeSpec>(path.join(containerDirectory(ctx, id), "config.json"));
  const cgroup = currentCgroup(id, spec?.linux.cgroupsPath, init);
  const read = (file: string) => (cgroup ? readText(path.join(cgroupDirectory(cgroup), file)) : "");
  return {
    "cpu.stat": read("cpu.stat"),
    "memory.current": read("memory.current"),
    "memory.max": read("memory.max"),
    "memory.stat": read("memory.stat"),
    "io.stat": read("io.stat"),
    "pids.current": read("pids.current"),
    "cpu.pressure": read("cpu.pressure"),
    "memory.pressure": read("memory.pressure"),
    "io.pressure": read("io.pressure"),
    net: config.network.kind === "host" ? "" : readText(`/proc/${init}/net/dev`),
  };
}

/** "" where there is no such file: no controller, or the container has just ended. */
function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
