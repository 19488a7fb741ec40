import { describe, expect, test } from "vitest";
import { cgroupResources, cpusToQuota } from "../../../src/oci/resources.ts";
import { parseRestartPolicy } from "../../../src/oci/restart.ts";
import { checkSysctls, parseSysctls } from "../../../src/oci/sysctl.ts";
import { parseUlimits, processRlimits } from "../../../src/oci/ulimit.ts";
import { parseUmask } from "../../../src/oci/umask.ts";
import { containerConfig } from "./container-config.ts";

describe("--ulimit", () => {
  test("soft and hard, one for both, no limit", () => {
    expect(parseUlimits(["nofile=10:20", "nproc=5", "core=-1", "stack=5:unlimited", "nproc=6"])).toEqual({
      ulimits: [
        { name: "nofile", soft: 10, hard: 20 },
        { name: "nproc", soft: 6, hard: 6 },
        { name: "core", soft: -1, hard: -1 },
        { name: "stack", soft: 5, hard: -1 },
      ],
      hostUlimits: false,
    });
    expect(parseUlimits(["host", "nproc=5"])).toEqual({ ulimits: [], hostUlimits: true });
    expect(parseUlimits(["RLIMIT_NOFILE=5"]).ulimits).toEqual([{ name: "nofile", soft: 5, hard: 5 }]);
  });

  test.each([
    ["foo=1", "invalid ulimit type: foo"],
    ["nofile", "invalid ulimit argument: nofile"],
    ["nofile=a", 'strconv.ParseInt: parsing "a": invalid syntax'],
    ["nofile=", 'strconv.ParseInt: parsing "": invalid syntax'],
    ["nofile=1:", 'strconv.ParseInt: parsing "": invalid syntax'],
    ["nofile=2:1", "ulimit soft limit must be less than or equal to hard limit: 2 > 1"],
    [
      "nofile=-1:1",
      "ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: 1",
    ],
    ["nofile=1:2:3", "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`"],
  ])("%s is refused", (text, reason) => {
    const message = `ulimit option "${text}" requires name=SOFT:HARD, failed to be parsed: ${reason}`;
    expect(() => parseUlimits([text])).toThrow(message);
  });

  test("open files and processes are as many as the caller may have", () => {
    const rlimit = (type: string, limit: number) => ({ type, soft: limit, hard: limit });
    const limits = { nofile: 4096, nproc: -1 };
    const host = { rootless: true, capabilities: ["CAP_SYS_RESOURCE"], limits, pidMax: 4194304 };
    expect(processRlimits({ ulimits: [] }, host)).toEqual([
      rlimit("RLIMIT_NOFILE", 4096),
      rlimit("RLIMIT_NPROC", 4194304),
    ]);
    // As many as the kernel has numbers for, if the caller may; else what the caller has.
    const processes = (nproc: number, pidMax: number) =>
      processRlimits({ ulimits: [] }, { ...host, limits: { nproc }, pidMax })[1]?.hard;
    expect(processes(96365, 32768)).toBe(32768);
    expect(processes(96365, 4194304)).toBe(96365);
    expect(processes(2000000, 4194304)).toBe(1048576);
    const own = { ulimits: [{ name: "nofile", soft: 1, hard: 2 }], hostUlimits: true };
    expect(processRlimits(own, host)).toEqual([{ type: "RLIMIT_NOFILE", soft: 1, hard: 2 }]);
    const unlimited = parseUlimits(["nofile=9:-1", "core=-1"]);
    expect(processRlimits(unlimited, host).slice(0, 2)).toEqual([
      { type: "RLIMIT_NOFILE", soft: 9, hard: 4096 },
      rlimit("RLIMIT_CORE", -1),
    ]);
    expect(processRlimits({ ulimits: [] }, { ...host, rootless: false })[0]).toEqual(
      rlimit("RLIMIT_NOFILE", 1048576),
    );
    expect(processRlimits({ ulimits: [] }, { ...host, rootless: false, capabilities: [] })[0]).toEqual(
      rlimit("RLIMIT_NOFILE", 4096),
    );
  });
});

describe("--sysctl", () => {
  test("namespaced ones", () => {
    expect(parseSysctls(["net.ipv4.ip_forward=1", "kernel.sem=1 2 3 4", "fs.mqueue.msg_max=5"])).toEqual({
      "net.ipv4.ip_forward": "1",
      "kernel.sem": "1 2 3 4",
      "fs.mqueue.msg_max": "5",
    });
  });

  test.each([
    "kernel.core_pattern=|/x",
    "kernel.shmmax.x=1",
    "vm.swappiness=1",
    "kernel.hostname=x",
    "net=1",
    "net.ipv4/../../kernel/core_pattern=x",
    "net..kernel=x",
    "net.ipv4.a+kernel.core_pattern=x",
    "a=b",
  ])("%s would change the host", (text) => {
    expect(() => parseSysctls([text])).toThrow(`sysctl '${text.slice(0, text.indexOf("="))}' is not allowed`);
  });

  test.each(["net.a.b= 1", "net.a.b=1 ", "net.a.b =1", " net.a.b=1"])("'%s' has spaces around", (text) => {
    expect(() => parseSysctls([text])).toThrow(`'${text}' is invalid, extra spaces found`);
  });

  test("a value is one line", () => {
    expect(() => parseSysctls(["net.a.b=1\n2"])).toThrow("the value must be one line");
    expect(() => parseSysctls(["net.a.b"])).toThrow(
      "net.a.b is invalid, sysctl values must be in the form of KEY=VALUE",
    );
  });

  test("not with the host's namespace", () => {
    const own = { network: { kind: "none" }, ipc: { kind: "private" }, uts: { kind: "private" } } as const;
    const host = { kind: "host" } as const;
    const check = (name: string, modes: Partial<Parameters<typeof checkSysctls>[1]>) => () =>
      checkSysctls({ [name]: "1" }, { ...own, ...modes });
    expect(check("net.x.y", { network: host })).toThrow(
      "sysctl net.x.y=1 can't be set since Network Namespace set to host: invalid argument",
    );
    expect(check("kernel.shmmax", { ipc: host })).toThrow("IPC Namespace set to host");
    expect(check("kernel.domainname", { uts: host })).toThrow("UTS Namespace set to host");
    expect(check("net.x.y", { ipc: host, uts: host })).not.toThrow();
  });
});

describe("--restart", () => {
  test.each([
    ["", "no", 0],
    ["no", "no", 0],
    ["never", "no", 0],
    ["always", "always", 0],
    ["unless-stopped", "unless-stopped", 0],
    ["on-failure", "on-failure", 0],
    ["on-failure:3", "on-failure", 3],
  ])("%s", (text, name, max) => {
    expect(parseRestartPolicy(text)).toEqual({ name, max });
  });

  test.each([
    ["foo", '"foo" is not a valid restart policy: invalid argument'],
    ["always:3", "restart policy retries can only be specified with on-failure restart policy"],
    ["on-failure:x", "parsing restart policy retry count"],
    ["on-failure:", "parsing restart policy retry count"],
    ["on-failure:-1", "must specify restart policy retry count as a number greater than 0"],
  ])("%s is refused", (text, message) => {
    expect(() => parseRestartPolicy(text)).toThrow(message);
  });
});

test("--umask", () => {
  expect(parseUmask("22")).toBe("0022");
  expect(parseUmask("")).toBe("0022");
  for (const text of ["9", "00222", "0o22"]) expect(() => parseUmask(text)).toThrow("invalid umask string");
});

describe("resources", () => {
  const none = containerConfig().resources;
  const numbers = () => ({ major: 8, minor: 16 });

  test("nothing asked for, nothing written", () => {
    expect(cgroupResources(none, null, numbers)).toEqual({});
  });

  test("memory brings as much swap again, unless said", () => {
    expect(cgroupResources({ ...none, memory: 100 }, null, numbers)).toEqual({
      memory: { limit: 100, swap: 200 },
    });
    expect(cgroupResources({ ...none, memory: 100, memorySwap: -1 }, null, numbers).memory).toEqual({
      limit: 100,
      swap: -1,
    });
  });

  test("of single devices", () => {
    const limits = {
      ...none,
      weightDevices: [{ path: "/dev/sda", value: 100 }],
      writeIops: [{ path: "/dev/sda", value: 7 }],
      deviceRules: [{ allow: true, type: "c" as const, access: "r" }],
    };
    expect(cgroupResources(limits, [], numbers)).toEqual({
      devices: [
        { allow: false, access: "rwm" },
        { allow: true, type: "c", access: "r" },
      ],
      blockIO: {
        weightDevice: [{ major: 8, minor: 16, weight: 100 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 7 }],
      },
    });
  });

  test("cpus, pids, cgroup files", () => {
    const { quota: cpuQuota, period: cpuPeriod } = cpusToQuota(0.5);
    const limits = {
      ...none,
      cpuQuota,
      cpuPeriod,
      cpusetCpus: "0-1",
      pidsLimit: -1,
      unified: { "io.max": "x" },
    };
    expect(cgroupResources(limits, null, numbers)).toEqual({
      cpu: { quota: 50_000, period: 100_000, cpus: "0-1" },
      pids: { limit: -1 },
      unified: { "io.max": "x" },
    });
  });
});
