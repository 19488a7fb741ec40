import { describe, expect, test } from "vitest";
import { allCapabilities, defaultCapabilities } from "../../../src/oci/capabilities.ts";
import type { ContainerConfig } from "../../../src/oci/container.ts";
import {
  containerHostname,
  generateSpec,
  type HostDevice,
  type HostFacts,
  requestedUser,
  type SpecInput,
} from "../../../src/oci/generate-spec.ts";
import { type RuntimeSpec, serializeSpec } from "../../../src/oci/runtime-spec.ts";
import { defaultSeccompProfile } from "../../../src/oci/seccomp-default.ts";
import { resolveUser } from "../../../src/oci/user.ts";
import { containerConfig } from "./container-config.ts";

const host: HostFacts = {
  rootless: true,
  uid: 1001,
  gid: 1001,
  uidCount: 65537,
  gidCount: 65537,
  capabilities: allCapabilities(40),
  arch: "x64",
  kernel: "6.1.0",
  apparmor: false,
  limits: { nofile: 20000, nproc: 30000 },
  pidMax: 4194304,
  oomScoreAdj: 100,
};

function generate(changes: Partial<ContainerConfig> = {}, more: Partial<SpecInput> = {}): RuntimeSpec {
  const config = containerConfig(changes);
  return generateSpec({
    id: "a".repeat(64),
    config,
    host,
    rootfs: "/rootfs",
    args: ["sh"],
    user: resolveUser(requestedUser(config, host), "root:x:0:0::/root:/bin/sh\n", ""),
    hostname: "aaaaaaaaaaaa",
    mounts: [],
    files: [],
    devices: [],
    deviceNumbers: () => ({ major: 8, minor: 0 }),
    namespaces: {},
    cgroupsPath: "user.slice:libpod:x",
    seccomp: defaultSeccompProfile(),
    ...more,
  });
}

const options = (spec: RuntimeSpec, destination: string) =>
  spec.mounts.find((mount) => mount.destination === destination)?.options;
const types = (spec: RuntimeSpec) => spec.linux.namespaces.map(({ type }) => type);
const host1 = { kind: "host" } as const;

test("a plain container is what Podman makes of it", () => {
  const spec = generate();
  const { seccomp, ...linux } = spec.linux;
  expect({ ...spec, linux }).toEqual({
    ociVersion: "1.0.2",
    process: {
      user: { uid: 0, gid: 0, umask: 18, additionalGids: [] },
      args: ["sh"],
      env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "container=podman",
        "HOME=/root",
        "HOSTNAME=aaaaaaaaaaaa",
      ],
      cwd: "/",
      capabilities: {
        bounding: defaultCapabilities,
        effective: defaultCapabilities,
        permitted: defaultCapabilities,
      },
      rlimits: [
        { type: "RLIMIT_NOFILE", soft: 20000, hard: 20000 },
        { type: "RLIMIT_NPROC", soft: 30000, hard: 30000 },
      ],
    },
    root: { path: "/rootfs" },
    hostname: "aaaaaaaaaaaa",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "noexec", "strictatime", "mode=755", "size=65536k"],
      },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
      },
      {
        destination: "/dev/mqueue",
        type: "mqueue",
        source: "mqueue",
        options: ["nosuid", "noexec", "nodev"],
      },
      {
        destination: "/dev/shm",
        type: "tmpfs",
        source: "shm",
        options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536000"],
      },
      {
        destination: "/sys/fs/cgroup",
        type: "cgroup",
        source: "cgroup",
        options: ["rprivate", "nosuid", "noexec", "nodev", "relatime", "ro"],
      },
    ],
    annotations: { "io.container.manager": "libpod", "org.opencontainers.image.stopSignal": "15" },
    linux: {
      sysctl: { "net.ipv4.ping_group_range": "0 0" },
      resources: {},
      cgroupsPath: "user.slice:libpod:x",
      namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
      maskedPaths: expect.arrayContaining(["/proc/kcore", "/sys/firmware"]),
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  });
  expect(seccomp?.defaultErrnoRet).toBe(38);
});

describe("namespaces", () => {
  test("of the host are left out", () => {
    const spec = generate({ pid: host1, ipc: host1, uts: host1, cgroupns: host1, network: host1 });
    expect(types(spec)).toEqual(["mount"]);
    expect(spec.hostname).toBeUndefined();
    expect(spec.linux.sysctl).toBeUndefined();
  });

  test("to be joined have a path", () => {
    const spec = generate(
      { network: { kind: "container", id: "x" }, uts: { kind: "ns", path: "/p/uts" } },
      { namespaces: { network: "/proc/5/ns/net" } },
    );
    expect(spec.linux.namespaces).toContainEqual({ type: "network", path: "/proc/5/ns/net" });
    expect(spec.linux.namespaces).toContainEqual({ type: "uts", path: "/p/uts" });
    expect(spec.linux.sysctl).toBeUndefined();
    expect(spec.hostname).toBeUndefined();
  });

  test("proc and mqueue of the host are bound: they can't be mounted anew", () => {
    const spec = generate({ pid: host1, ipc: host1 });
    expect(options(spec, "/proc")).toEqual(["rbind", "nosuid", "noexec", "nodev"]);
    expect(options(spec, "/dev/mqueue")).toContain("bind");
    expect(spec.mounts.find((m) => m.destination === "/dev/shm")).toMatchObject({
      type: "bind",
      source: "/dev/shm",
    });
  });

  test("sysfs of the host's network is bound, with the container's cgroup over it", () => {
    const spec = generate({ network: host1 });
    expect(spec.mounts.find((m) => m.destination === "/sys")).toMatchObject({ type: "bind", source: "/sys" });
    expect(options(spec, "/sys")).toContain("ro");
    expect(spec.mounts.find((m) => m.destination === "/sys/fs/cgroup")?.type).toBe("cgroup");
    expect(spec.linux.maskedPaths).toContain("/sys/kernel");
  });

  test("IPC: none has no /dev/shm, another container's is bound", () => {
    expect(options(generate({ ipc: { kind: "none" } }), "/dev/shm")).toBeUndefined();
    const joined = generate({ ipc: { kind: "container", id: "x" } }, { shm: "/proc/5/root/dev/shm" });
    expect(joined.mounts.find((m) => m.destination === "/dev/shm")?.source).toBe("/proc/5/root/dev/shm");
  });
});

describe("user namespaces", () => {
  test("keep-id maps and runs as the caller", () => {
    const spec = generate({ userns: { kind: "keep-id" } });
    expect(spec.linux.uidMappings).toHaveLength(3);
    expect(spec.linux.gidMappings?.[1]).toEqual({ containerID: 1001, hostID: 0, size: 1 });
    expect(spec.process.user).toMatchObject({ uid: 1001, gid: 1001, additionalGids: [1001] });
    expect(spec.process.capabilities).toEqual({ bounding: defaultCapabilities });
    expect(types(spec)).toContain("user");
  });

  test("keep-id with another id, and with another user", () => {
    expect(generate({ userns: { kind: "keep-id", uid: 5, gid: 6 } }).process.user).toMatchObject({
      uid: 5,
      gid: 6,
    });
    const { user } = generate({ userns: { kind: "keep-id" }, user: "0" }).process;
    expect(user.uid).toBe(0);
    expect(user.additionalGids).toContain(1001);
  });

  test("devpts has no group where 5 isn't mapped", () => {
    const single = { ...host, uidCount: 1, gidCount: 1 };
    expect(options(generate({}, { host: single }), "/dev/pts")).not.toContain("gid=5");
    const spec = generate({ userns: { kind: "keep-id" } }, { host: single });
    expect(options(spec, "/dev/pts")).not.toContain("gid=5");
  });
});

describe("--privileged", () => {
  const device: HostDevice = {
    hostPath: "/dev/kvm",
    containerPath: "/dev/kvm",
    permissions: "rwm",
    type: "c",
    major: 10,
    minor: 232,
    fileMode: 0o660,
    uid: 0,
    gid: 0,
  };

  test("has all capabilities, no masks, no seccomp, a writable /sys, the host's devices", () => {
    const spec = generate({ privileged: true }, { devices: [device] });
    expect(spec.process.capabilities?.effective).toHaveLength(41);
    expect(spec.linux.maskedPaths).toBeUndefined();
    expect(spec.linux.readonlyPaths).toBeUndefined();
    expect(spec.linux.seccomp).toBeUndefined();
    expect(options(spec, "/sys")).toContain("rw");
    expect(options(spec, "/sys/fs/cgroup")).toContain("rw");
    expect(options(spec, "/dev/kvm")).toEqual(["slave", "nosuid", "noexec", "rw", "rbind"]);
    expect(spec.linux.rootfsPropagation).toBe("rslave");
    expect(spec.annotations?.["io.podman.annotations.privileged"]).toBe("TRUE");
  });

  test("keeps a seccomp profile that was asked for", () => {
    const security = { ...containerConfig().security, seccomp: "/p.json" };
    expect(generate({ privileged: true, security }).linux.seccomp).toBeDefined();
  });

  test("real root gives nodes and device rules in place of binds", () => {
    const root = { ...host, rootless: false };
    const spec = generate({}, { host: root, devices: [device] });
    expect(options(spec, "/dev/kvm")).toBeUndefined();
    expect(spec.linux.devices).toMatchObject([{ type: "c", path: "/dev/kvm", major: 10, minor: 232 }]);
    expect(spec.linux.resources?.devices).toEqual([
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 10, minor: 232, access: "rwm" },
    ]);
    expect(generate({ privileged: true }, { host: root }).linux.resources?.devices).toBeUndefined();
  });
});

describe("security options", () => {
  const security = containerConfig().security;

  test("masks and unmasks", () => {
    const spec = generate({ security: { ...security, mask: ["/x"], unmask: ["/proc/k*", "/proc/sys/"] } });
    expect(spec.linux.maskedPaths).toContain("/x");
    expect(spec.linux.maskedPaths).not.toContain("/proc/kcore");
    expect(spec.linux.maskedPaths).toContain("/proc/timer_list");
    expect(spec.linux.readonlyPaths).not.toContain("/proc/sys");
    const all = generate({ security: { ...security, unmask: ["ALL"] } });
    expect(all.linux.maskedPaths).toBeUndefined();
    expect(options(all, "/sys/fs/cgroup")).toContain("rw");
  });

  test("no new privileges, proc options, unconfined", () => {
    const spec = generate(
      { security: { ...security, noNewPrivileges: true, procOpts: ["hidepid=2"] } },
      { seccomp: null },
    );
    expect(spec.process.noNewPrivileges).toBe(true);
    expect(options(spec, "/proc")).toEqual(["nosuid", "noexec", "nodev", "hidepid=2"]);
    expect(spec.linux.seccomp).toBeUndefined();
  });

  test("AppArmor where it is", () => {
    const config = { security: { ...security, apparmor: "p" } };
    expect(() => generate(config)).toThrow(`apparmor profile "p" specified, but Apparmor is not`);
    const unconfined = { security: { ...security, apparmor: "unconfined" } };
    expect(generate(unconfined).process.apparmorProfile).toBeUndefined();
    expect(generate(config, { host: { ...host, apparmor: true } }).process.apparmorProfile).toBe("p");
    const configured = { host: { ...host, apparmor: true, defaultApparmor: "d" } };
    const profile = (more: object) => generate(more, configured).process.apparmorProfile;
    expect([profile({}), profile(config), profile({ privileged: true })]).toEqual(["d", "p", undefined]);
    expect(generate({}, { host: { ...host, defaultApparmor: "d" } }).process.apparmorProfile).toBeUndefined();
  });
});

describe("mounts", () => {
  const bind = (destination: string) => ({ destination, type: "bind", source: "/s", options: ["rbind"] });

  test("come in an order in which none hides another", () => {
    const mounts = [bind("/a/b/c"), bind("/a"), bind("/a/b")];
    const order = generate({}, { mounts }).mounts.map((mount) => mount.destination);
    const at = (path: string) => order.indexOf(path);
    expect(at("/a")).toBeLessThan(at("/a/b"));
    expect(at("/a/b")).toBeLessThan(at("/a/b/c"));
    expect(at("/dev")).toBeLessThan(at("/dev/shm"));
  });

  test("replace the engine's own", () => {
    const files = [{ source: "/run/hosts", destination: "/etc/hosts" }];
    const spec = generate({}, { mounts: [bind("/etc/hosts"), bind("/dev/shm")], files });
    expect(spec.mounts.filter((m) => m.destination === "/etc/hosts")).toEqual([bind("/etc/hosts")]);
    expect(spec.mounts.filter((m) => m.destination === "/dev/shm")).toEqual([bind("/dev/shm")]);
  });

  test("a /dev of one's own keeps what is in it", () => {
    const spec = generate({}, { mounts: [bind("/dev")] });
    const inDev = spec.mounts.filter((m) => m.destination.startsWith("/dev"));
    expect(inDev).toEqual([
      bind("/dev"),
      expect.objectContaining({ destination: "/dev/shm", source: "shm" }),
    ]);
  });

  test("the engine's files are bound, read-only where the container is", () => {
    const files = [{ source: "/run/hosts", destination: "/etc/hosts" }];
    expect(options(generate({}, { files }), "/etc/hosts")).toEqual(["bind", "rprivate"]);
    expect(options(generate({ readOnly: true }, { files }), "/etc/hosts")).toContain("ro");
  });

  test("--read-only leaves /run, /tmp and /var/tmp writable, unless told otherwise", () => {
    const spec = generate({ readOnly: true }, { mounts: [bind("/tmp")] });
    expect(spec.root.readonly).toBe(true);
    expect(options(spec, "/run")).toEqual(["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"]);
    expect(spec.mounts.filter((m) => m.destination === "/tmp")).toEqual([bind("/tmp")]);
    const strict = generate({ readOnly: true, readOnlyTmpfs: false });
    expect(options(strict, "/run")).toBeUndefined();
    expect(options(strict, "/dev")).toContain("ro");
    expect(options(strict, "/dev/shm")).toContain("ro");
  });

  test("shared ones make the rootfs shared", () => {
    const mounts = [{ ...bind("/a"), options: ["rbind", "rshared"] }];
    expect(generate({}, { mounts }).linux.rootfsPropagation).toBe("shared");
    expect(generate().linux.rootfsPropagation).toBeUndefined();
  });
});

describe("the process", () => {
  test("--init puts the init in front", () => {
    const spec = generate({ init: true, initPath: "/usr/bin/tini" });
    expect(spec.process.args).toEqual(["/run/podman-init", "--", "sh"]);
    expect(spec.mounts.find((m) => m.destination === "/run/podman-init")).toMatchObject({
      source: "/usr/bin/tini",
      options: ["bind", "ro"],
    });
  });

  test("an ordinary user can't lower the OOM score", () => {
    expect(generate({ oomScoreAdj: -500 }).process.oomScoreAdj).toBe(100);
    expect(generate({ oomScoreAdj: 500 }).process.oomScoreAdj).toBe(500);
    expect(generate({ oomScoreAdj: 0 }, { host: { ...host, rootless: false } }).process.oomScoreAdj).toBe(0);
  });

  test("terminal, working directory, umask, further environment", () => {
    const spec = generate({ terminal: true, workdir: "/w", umask: "0077" }, { env: { TZ: "UTC" } });
    expect(spec.process).toMatchObject({ terminal: true, cwd: "/w" });
    expect(spec.process.user.umask).toBe(0o077);
    expect(spec.process.env).toContain("TZ=UTC");
  });
});

test("annotations of the user come last", () => {
  const annotations = { "io.container.manager": "me", a: "b" };
  expect(generate({ annotations, autoRemove: true, stopSignal: 9 }).annotations).toEqual({
    "io.container.manager": "me",
    "org.opencontainers.image.stopSignal": "9",
    "io.podman.annotations.autoremove": "TRUE",
    a: "b",
  });
});

test("without a cgroup there is no path", () => {
  expect(generate({}, { cgroupsPath: null }).linux.cgroupsPath).toBeUndefined();
});

test("the hostname is the host's with the host's network", () => {
  const named = { id: "0123456789abcdef", name: "a_b.c" };
  expect(containerHostname(containerConfig(), named, "vm")).toBe("0123456789ab");
  expect(containerHostname(containerConfig({ network: host1 }), named, "vm")).toBe("vm");
  expect(containerHostname(containerConfig({ hostname: "h", network: host1 }), named, "vm")).toBe("h");
  expect(containerHostname(containerConfig({ nameAsHostname: true }), named, "vm")).toBe("ab.c");
});

test("no limit is written as the largest 64-bit number, and only there", () => {
  const spec = generate({
    ulimits: [{ name: "core", soft: -1, hard: -1 }],
    annotations: { a: '{"soft":-1,"hard":-1}' },
    resources: { ...containerConfig().resources, pidsLimit: -1 },
  });
  const text = serializeSpec(spec);
  expect(text).toContain('{"type":"RLIMIT_CORE","soft":18446744073709551615,"hard":18446744073709551615}');
  expect(JSON.parse(text).annotations.a).toBe('{"soft":-1,"hard":-1}');
  expect(JSON.parse(text).linux.resources.pids.limit).toBe(-1);
});
