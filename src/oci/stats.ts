/** What a container uses of the machine, from the files of its cgroup and its network devices. */

/** How long processes waited: percent of the last 10, 60 and 300 seconds, and microseconds in all (cgroup v2, PSI). */
export interface Stall {
  avg10: number;
  avg60: number;
  avg300: number;
  total: number;
}

/** While some of the processes waited, and while all did. */
export interface Pressure {
  some: Stall;
  full: Stall;
}

/** Of one network device. */
export interface DeviceCounters {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

export interface Usage {
  /** Nanoseconds. */
  cpu: number;
  systemCpu: number;
  /** Bytes. */
  memory: number;
  memoryLimit: number;
  /** By the names of its network devices; null where the network is not the container's own. */
  network: Record<string, DeviceCounters> | null;
  blockInput: number;
  blockOutput: number;
  pids: number;
  pressure: { cpu: Pressure; memory: Pressure; io: Pressure };
}

/** The files of a cgroup, "" for those of controllers that it doesn't have. */
export interface UsageFiles {
  "cpu.stat": string;
  "memory.current": string;
  "memory.max": string;
  "memory.stat": string;
  "io.stat": string;
  "pids.current": string;
  "cpu.pressure": string;
  "memory.pressure": string;
  "io.pressure": string;
  /** /proc/PID/net/dev, "" where the network is not the container's own. */
  net: string;
}

/** `hostMemory`: the limit of a container that has none. */
export function usageFrom(files: UsageFiles, hostMemory: number): Usage {
  const cpu = keyed(files["cpu.stat"]);
  const current = Number(files["memory.current"]) || 0;
  // What could be given back at once doesn't count.
  const inactive = keyed(files["memory.stat"]).inactive_file ?? 0;
  const limit = Number(files["memory.max"]) || hostMemory; // "max" is no number
  const io = files["io.stat"].split(/\s+/);
  return {
    cpu: (cpu.usage_usec ?? 0) * 1000,
    systemCpu: (cpu.system_usec ?? 0) * 1000,
    memory: inactive < current ? current - inactive : 0,
    memoryLimit: Math.min(limit, hostMemory),
    network: files.net === "" ? null : deviceCounters(files.net),
    blockInput: sumOf(io, "rbytes="),
    blockOutput: sumOf(io, "wbytes="),
    pids: Number(files["pids.current"]) || 0,
    pressure: {
      cpu: pressureFrom(files["cpu.pressure"]),
      memory: pressureFrom(files["memory.pressure"]),
      io: pressureFrom(files["io.pressure"]),
    },
  };
}

/** Lines such as `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`; zeros where the kernel doesn't count. */
export function pressureFrom(text: string): Pressure {
  const stall = (kind: string) => {
    const words = new RegExp(`^${kind} (.*)$`, "m").exec(text)?.[1]?.split(" ") ?? [];
    const value = (name: string) => sumOf(words, `${name}=`);
    return { avg10: value("avg10"), avg60: value("avg60"), avg300: value("avg300"), total: value("total") };
  };
  return { some: stall("some"), full: stall("full") };
}

function keyed(text: string): Record<string, number> {
  const lines = text.split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => line.split(" ")).map(([key, value]) => [key, Number(value)]));
}

function sumOf(words: readonly string[], prefix: string): number {
  return words
    .filter((word) => word.startsWith(prefix))
    .reduce((sum, word) => sum + Number(word.slice(prefix.length)), 0);
}

/** Of all devices but the loopback. */
function deviceCounters(text: string): Record<string, DeviceCounters> {
  const devices: Record<string, DeviceCounters> = {};
  for (const line of text.split("\n")) {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    if (!match || match[1] === "lo") continue;
    const counters = (match[2] as string).split(/\s+/).map(Number);
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0] = counters;
    const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = counters.slice(8);
    devices[match[1] as string] = {
      ...{ rxBytes, rxPackets, rxErrors, rxDropped },
      ...{ txBytes, txPackets, txErrors, txDropped },
    };
  }
  return devices;
}

/** Share of the time that the CPUs worked for it, in percent. */
export function cpuPercent(cpu: number, time: number): number {
  return cpu > 0 && time > 0 ? (cpu / time) * 100 : 0;
}
