import type { ContainerStats } from "../engine/container/stats.ts";
import { binarySize, humanSize } from "../oci/human-units.ts";
import type { DeviceCounters, Pressure, Stall } from "../oci/stats.ts";
import { printJson } from "./output.ts";
import { asksForJson, printRows, withJson } from "./report.ts";
import { GoDuration } from "./template/time.ts";
import { goValue, plainJson, type Structs } from "./template/types.ts";

export interface StatsFormat {
  format: string | undefined;
  noTrunc: boolean;
}

/** Prints one look at what containers use. */
export function showStats(
  stats: readonly ContainerStats[],
  { format, noTrunc }: StatsFormat,
  write: (text: string) => void,
): void {
  const rows = stats.map((one) => statsRow(one, noTrunc));
  if (asksForJson(format)) printJson(rows.map(jsonOf), 1);
  else printRows(rows, { name: "stats", type: "containers.containerStats", format, columns, headers }, write);
}

const columns =
  "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDS}}\t{{.UpTime}}\t{{.AVGCPU}}";

const headers = {
  ID: "ID",
  UpTime: "CPU TIME",
  CPUPerc: "CPU %",
  MemUsage: "MEM USAGE / LIMIT",
  MemUsageBytes: "MEM USAGE / LIMIT",
  MemPerc: "MEM %",
  NetIO: "NET IO",
  BlockIO: "BLOCK IO",
  PIDS: "PIDS",
  AVGCPU: "AVG CPU %",
};

export type StatsRow = ReturnType<typeof statsRow>;

/** The fields that a template may name. */
function statsRow(stats: ContainerStats, noTrunc: boolean) {
  const struct = structOf(stats);
  return withJson({ ...struct, ContainerStats: struct, ...statsFields(stats, noTrunc) }, () =>
    plainJson(struct),
  );
}

const structs: Structs = {
  "define.ContainerStats":
    "AvgCPU float64, ContainerID string, Name string, PerCPU []uint64, CPU float64, CPUNano uint64," +
    "CPUSystemNano uint64, SystemNano uint64, MemUsage uint64, MemLimit uint64, MemPerc float64," +
    "Network map[string]define.ContainerNetworkStats, BlockInput uint64, BlockOutput uint64, PIDs uint64," +
    "UpTime time.Duration, Duration uint64",
  "define.ContainerNetworkStats":
    "RxBytes uint64, RxDropped uint64, RxErrors uint64, RxPackets uint64," +
    "TxBytes uint64, TxDropped uint64, TxErrors uint64, TxPackets uint64",
};

/** What `{{json .}}` shows: numbers, where `--format json` has them made readable. */
function structOf(stats: ContainerStats): Record<string, unknown> {
  const numbers = {
    AvgCPU: stats.averageCpuPercent,
    ContainerID: stats.id,
    Name: stats.name,
    PerCPU: null,
    CPU: stats.cpuPercent,
    CPUNano: stats.cpu,
    CPUSystemNano: stats.systemCpu,
    SystemNano: stats.time,
    MemUsage: stats.memory,
    MemLimit: stats.memoryLimit,
    MemPerc: memoryPercent(stats),
    Network:
      stats.network &&
      Object.fromEntries(Object.entries(stats.network).map(([name, device]) => [name, counters(device)])),
    BlockInput: stats.blockInput,
    BlockOutput: stats.blockOutput,
    PIDs: stats.pids,
    UpTime: stats.cpu,
    Duration: stats.cpu,
  };
  return goValue(numbers, "define.ContainerStats", structs) as Record<string, unknown>;
}

/** By Go's names. */
function counters(device: DeviceCounters): Record<string, number> {
  return Object.fromEntries(
    Object.entries(device).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value]),
  );
}

/** Of all network devices. */
function sum(stats: ContainerStats, counter: "rxBytes" | "txBytes"): number {
  return Object.values(stats.network ?? {}).reduce((total, device) => total + device[counter], 0);
}

function memoryPercent({ memory, memoryLimit }: ContainerStats): number {
  return memoryLimit > 0 ? (memory / memoryLimit) * 100 : 0;
}

function statsFields(stats: ContainerStats, noTrunc: boolean) {
  const { memory, memoryLimit } = stats;
  const cpuTime = new GoDuration(stats.cpu);
  return {
    ID: noTrunc ? stats.id : stats.id.slice(0, 12),
    Name: stats.name,
    CPUPerc: percent(stats.cpuPercent),
    MemUsage: pair(memory, memoryLimit, humanSize),
    MemUsageBytes: pair(memory, memoryLimit, binarySize),
    MemPerc: percent(memoryPercent(stats)),
    NetIO: pair(sum(stats, "rxBytes"), sum(stats, "txBytes"), humanSize),
    BlockIO: pair(stats.blockInput, stats.blockOutput, humanSize),
    PIDS: `${stats.pids}`,
    UpTime: cpuTime,
    Up: cpuTime,
    AVGCPU: percent(stats.averageCpuPercent),
    // Podman 4's names for the sums of .Network.
    NetInput: sum(stats, "rxBytes"),
    NetOutput: sum(stats, "txBytes"),
    // Not Podman's: {{.PSI.Memory.Some.Avg10}}
    PSI: {
      CPU: pressureRow(stats.pressure.cpu),
      Memory: pressureRow(stats.pressure.memory),
      IO: pressureRow(stats.pressure.io),
    },
  };
}

function pressureRow({ some, full }: Pressure) {
  const row = ({ avg10, avg60, avg300, total }: Stall) => ({
    Avg10: avg10,
    Avg60: avg60,
    Avg300: avg300,
    Total: total,
  });
  return { Some: row(some), Full: row(full) };
}

function jsonOf(row: StatsRow): object {
  return {
    id: row.ID,
    name: row.Name,
    cpu_time: `${row.UpTime}`,
    cpu_percent: row.CPUPerc,
    avg_cpu: row.AVGCPU,
    mem_usage: row.MemUsage,
    mem_percent: row.MemPerc,
    net_io: row.NetIO,
    block_io: row.BlockIO,
    pids: row.PIDS,
  };
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}

function pair(one: number, other: number, format: (bytes: number) => string): string {
  return `${format(one)} / ${format(other)}`;
}
