import { expect, test } from "vitest";
import { cpuPercent, type UsageFiles, usageFrom } from "../../../src/oci/stats.ts";

const none: UsageFiles = {
  "cpu.stat": "",
  "memory.current": "",
  "memory.max": "",
  "memory.stat": "",
  "io.stat": "",
  "pids.current": "",
  "cpu.pressure": "",
  "memory.pressure": "",
  "io.pressure": "",
  net: "",
};

const quiet = {
  ...{ rxBytes: 0, rxPackets: 0, rxErrors: 0, rxDropped: 0 },
  ...{ txBytes: 0, txPackets: 0, txErrors: 0, txDropped: 0 },
};
const idle = { avg10: 0, avg60: 0, avg300: 0, total: 0 };

test("all that the files say", () => {
  const net = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 99 1 0 0 0 0 0 0 99 1 0 0 0 0 0 0
  tap0:     430       3    0    0    0     0          0         0      110       2    0    0    0     0       0          0
  eth1:70 1 0 2 0 0 0 0 90 1 3 0 0 0 0 0
`;
  const files = {
    "cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n",
    "memory.current": "5000\n",
    "memory.max": "100000\n",
    "memory.stat": "anon 1\ninactive_file 1000\n",
    "io.stat": "8:0 rbytes=10 wbytes=20 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=2 rios=1\n",
    "pids.current": "7\n",
    "cpu.pressure":
      "some avg10=1.50 avg60=2.00 avg300=3.25 total=400\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
    "memory.pressure": "",
    "io.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
    net,
  };
  expect(usageFrom(files, 1e6)).toEqual({
    cpu: 1_500_000,
    systemCpu: 500_000,
    memory: 4000,
    memoryLimit: 100_000,
    network: {
      tap0: { ...quiet, rxBytes: 430, rxPackets: 3, txBytes: 110, txPackets: 2 },
      eth1: { ...quiet, rxBytes: 70, rxPackets: 1, rxDropped: 2, txBytes: 90, txPackets: 1, txErrors: 3 },
    },
    blockInput: 11,
    blockOutput: 22,
    pids: 7,
    pressure: {
      cpu: { some: { avg10: 1.5, avg60: 2, avg300: 3.25, total: 400 }, full: { ...idle, total: 5 } },
      memory: { some: idle, full: idle },
      io: { some: { ...idle, total: 9 }, full: idle },
    },
  });
});

test("without controllers there are zeros, and the machine's memory is the limit", () => {
  expect(usageFrom(none, 1e6)).toMatchObject({ cpu: 0, memory: 0, memoryLimit: 1e6, network: null });
  expect(usageFrom({ ...none, "memory.max": "max\n" }, 1e6).memoryLimit).toBe(1e6);
  expect(usageFrom({ ...none, "memory.max": "9000000\n" }, 1e6).memoryLimit).toBe(1e6);
});

test("memory that is all cache is none", () => {
  const files = { ...none, "memory.current": "5\n", "memory.stat": "inactive_file 10\n" };
  expect(usageFrom(files, 100).memory).toBe(0);
});

test("percent of one CPU", () => {
  expect(cpuPercent(5e8, 1e9)).toBe(50);
  expect(cpuPercent(2e9, 1e9)).toBe(200);
  expect(cpuPercent(-1, 1e9)).toBe(0);
  expect(cpuPercent(1, 0)).toBe(0);
});
