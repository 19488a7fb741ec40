import { mkdirSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { run } from "../../support/process.ts";
import { hasProgram, ordinaryUser, skipUnless } from "../../support/requirements.ts";
import { Bundle, inside, mappedNamespace, program } from "./bundle.ts";

let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
});

const KINDS = ["mnt", "pid", "ipc", "uts", "net", "cgroup"];

test("each kind is new, or the caller's when it isn't asked for", async () => {
  bundle.config.process.args = [
    "sh",
    "-c",
    `cd /proc/self/ns; for kind in ${KINDS.join(" ")}; do readlink $kind; done`,
  ];
  const both = await bundle.output(
    `cd /proc/self/ns; readlink ${KINDS.join(" ")}; cd - >/dev/null; rt run c`,
  );
  const [host, container] = [both.trim().split("\n").slice(0, 6), both.trim().split("\n").slice(6)];
  for (const i of KINDS.keys()) expect(container[i], KINDS[i]).not.toBe(host[i]);

  for (const type of ["ipc", "uts", "network", "cgroup"]) bundle.withoutNamespace(type);
  bundle.withoutMount("/proc").mount({ destination: "/proc", type: "proc", source: "proc" });
  const again = await bundle.output(
    `cd /proc/self/ns; readlink ${KINDS.join(" ")}; cd - >/dev/null; rt run c`,
  );
  const [theirs, ours] = [again.trim().split("\n").slice(0, 6), again.trim().split("\n").slice(6)];
  expect(ours.slice(2)).toEqual(theirs.slice(2));
});

test("host name, domain name and loopback", async () => {
  bundle.config.hostname = "name";
  Object.assign(bundle.config, { domainname: "example.org" });
  const out = await bundle.sh("hostname; cat /proc/sys/kernel/domainname; ifconfig lo | grep -c UP");
  expect(out).toBe("name\nexample.org\n1\n");
});

test("namespaces of another container are joined by path", async () => {
  bundle.config.process.args = ["sleep", "1000"];
  bundle.config.hostname = "first";
  const first = "pid=$(rt state a | sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p')";
  bundle.write();
  const second = structuredClone(bundle.config);
  delete second.hostname;
  second.process.args = ["sh", "-c", "hostname; cat /proc/1/comm; readlink /proc/self/ns/net"];
  const join = (type: string, file: string) => ({ type, path: `/proc/PID/ns/${file}` });
  second.linux.namespaces = [
    { type: "mount" },
    join("pid", "pid"),
    join("network", "net"),
    join("ipc", "ipc"),
    join("uts", "uts"),
  ];
  mkdirSync(bundle.outside("b"));
  second.root.path = bundle.rootfs;
  writeFileSync(bundle.outside("b/config.json"), JSON.stringify(second));
  const out = await bundle.output(`
    rt run -d a; ${first}; readlink /proc/$pid/ns/net
    sed -i "s/PID/$pid/g" b/config.json; rt run --bundle b b; rt delete -f a`);
  const [net, hostname, comm, joined] = out.trim().split("\n");
  expect([hostname, comm, joined]).toEqual(["first", "sleep", net]);
});

describe("a mount namespace that is there", () => {
  const holder = (prepare: string) => `
    unshare --mount sh -c '${prepare}; echo; exec sleep 1000' >ready & holder=$!
    until [ -s ready ]; do sleep 0.01; done
    sed -i "s/PID/$holder/" config.json`;

  test("is joined by path, with what is mounted in it and the rootfs as its root", async () => {
    bundle.namespace("mount", "/proc/PID/ns/mnt").mount({
      destination: "/b",
      type: "bind",
      source: bundle.outside("b"),
    });
    mkdirSync(bundle.outside("b"));
    bundle.config.root.readonly = true;
    bundle.config.linux.maskedPaths = ["/tmp"];
    bundle.config.process.args = ["sleep", "1000"];
    const look =
      "ls /b; ls /tmp; touch /x 2>&1 | grep -o Read-only; grep -c . /proc/self/mountinfo; ls /; readlink /proc/self/ns/mnt";
    const out = await bundle.output(`
      mount >before; ${holder("mount -t tmpfs t b; touch b/only-there")}
      readlink /proc/$holder/ns/mnt; rt run -d c; rt exec c sh -c '${look}'; rt delete -f c
      mount | cmp - before; kill $holder`);
    const [there, inside, readonly, , ...root] = out.trimEnd().split("\n");
    expect([inside, readonly]).toEqual(["only-there", "Read-only"]);
    expect(root).toEqual(["b", "bin", "dev", "etc", "proc", "sys", "tmp", there]);
  });

  test("is refused where others would lose their root", async () => {
    bundle.namespace("mount", "/proc/self/ns/mnt");
    expect(await bundle.refusal(["true"])).toMatch(/is the caller's or the host's, and would lose its root/);
    bundle.namespace("mount", "/proc/1/ns/mnt");
    const asHost = 'unshare --pid --fork --mount-proc unshare --mount "$program" --root "$state" run c';
    expect((await bundle.script(asHost)).stderr).toMatch(/and would lose its root/);
    bundle.namespace("mount", "/proc/PID/ns/mnt").namespace("user");
    bundle.config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
    bundle.config.linux.gidMappings = bundle.config.linux.uidMappings;
    expect(await bundle.refusal(["true"])).toMatch(/a new user namespace has no rights over/);
  });

  const prepareDev = `mount -t tmpfs t rootfs/dev
    for d in null zero full random urandom tty; do touch rootfs/dev/$d; mount --bind /dev/$d rootfs/dev/$d; done
    mount --rbind /proc rootfs/proc`;

  test("is shared without a change: the rootfs is a chroot, also for exec", async () => {
    bundle.config.mounts = [];
    bundle.withoutNamespace("mount").withoutNamespace("pid");
    bundle.config.process.args = ["sleep", "1000"];
    const out = await bundle.output(`
      ${prepareDev}; cat /proc/self/mountinfo >before; readlink /proc/self/ns/mnt
      rt create --pid-file pid c
      rt exec c sh -c 'readlink /proc/self/ns/mnt; ls /; pwd'
      rt start c; rt exec --cwd /etc c sh -c 'ls /; pwd'
      readlink /proc/$(cat pid)/root; unshare --mount "$program" --root "$state" exec c ls /
      rt delete -f c; cat /proc/self/mountinfo | cmp - before`);
    const root = ["bin", "dev", "etc", "proc", "sys", "tmp"];
    const [host, ...rest] = out.trimEnd().split("\n");
    expect(rest).toEqual([host, ...root, "/", ...root, "/etc", bundle.rootfs, ...root]);
  });

  test("can't be had with what would have to be mounted in it", async () => {
    bundle.withoutNamespace("mount");
    expect(await bundle.refusal(["true"])).toMatch(/^mounts: needs a mount namespace of the container's/);
    bundle.config.mounts = [];
    expect(await bundle.refusal(["true"])).toMatch(
      /^make device \/dev\/null: not permitted in this user namespace/,
    );
    for (const [name, set] of [
      ["root.readonly", (value: boolean) => (bundle.config.root.readonly = value)],
      ["linux.maskedPaths", (value: boolean) => (bundle.config.linux.maskedPaths = value ? ["/etc"] : [])],
      [
        "linux.readonlyPaths",
        (value: boolean) => (bundle.config.linux.readonlyPaths = value ? ["/etc"] : []),
      ],
      [
        "linux.rootfsPropagation",
        (value: boolean) => (bundle.config.linux.rootfsPropagation = value ? "private" : ""),
      ],
    ] as const) {
      set(true);
      expect(await bundle.refusal(["true"])).toContain(`${name}: needs a mount namespace`);
      set(false);
    }
  });
});

test("a namespace is joined by an absolute path, and of its own kind", async () => {
  bundle.namespace("ipc", "proc/self/ns/ipc");
  expect(await bundle.refusal(["true"])).toMatch(/path `proc\/self\/ns\/ipc` is not absolute/);
  bundle.namespace("ipc", "/proc/self/ns/net");
  expect(await bundle.refusal(["true"])).toMatch(
    /join the ipc namespace \/proc\/self\/ns\/net: Invalid argument/,
  );
});

test("a process that joins namespaces may be slow to tell of the one that it has made", async () => {
  bundle.config.process.args = ["sleep", "1000"];
  bundle.write();
  const second = structuredClone(bundle.config);
  second.process.args = ["readlink", "/proc/self/ns/ipc"];
  second.linux.namespaces = second.linux.namespaces.map(({ type }: { type: string }) =>
    type === "ipc" ? { type, path: "/proc/PID/ns/ipc" } : { type },
  );
  second.root.path = bundle.rootfs;
  mkdirSync(bundle.outside("b"));
  writeFileSync(bundle.outside("b/config.json"), JSON.stringify(second));
  const out = await bundle.output(`
    rt run -d a; pid=$(rt state a | sed -n 's/.*"pid": \\([0-9]*\\).*/\\1/p'); readlink /proc/$pid/ns/ipc
    sed -i "s/PID/$pid/g" b/config.json
    strace -f -qq -o trace -e trace=clone3 -e inject=clone3:delay_exit=500000 "$program" --root "$state" run --bundle b b
    rt delete -f a`);
  const [theirs, ours] = out.trim().split("\n");
  expect(ours).toBe(theirs);
});

test("time offsets", async () => {
  bundle.namespace("time");
  bundle.config.linux.timeOffsets = { boottime: { secs: 1_000_000, nanosecs: 5 } };
  const uptime = Number((await bundle.sh("cat /proc/uptime")).split(" ")[0]);
  expect(uptime).toBeGreaterThan(1_000_000);
});

describe("a user namespace of its own", () => {
  beforeEach(() => {
    bundle.namespace("user");
    bundle.config.linux.uidMappings = [
      { containerID: 0, hostID: 1, size: 1000 },
      { containerID: 1000, hostID: 0, size: 1 },
      { containerID: 1001, hostID: 1001, size: 1000 },
    ];
    bundle.config.linux.gidMappings = bundle.config.linux.uidMappings;
  });

  test("has the mapping, relative to ours", async () => {
    bundle.config.process.user = { uid: 1000, gid: 1000 };
    const out = await bundle.sh(
      "id -u; cat /proc/self/uid_map; stat -c %u /bin/busybox /dev/pts /proc/self/",
    );
    expect(out.replaceAll(/ +/g, " ")).toBe("1000\n 0 1 1000\n 1000 0 1\n 1001 1001 1000\n1000\n0\n1000\n");
  });

  test("gives its root power over the container's namespaces only", async () => {
    bundle.config.process.capabilities.bounding = ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"];
    bundle.config.process.capabilities.effective = ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"];
    bundle.config.process.capabilities.permitted = ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"];
    bundle.config.linux.resources = {};
    expect(await bundle.sh("hostname changed; ifconfig lo down; hostname")).toBe("changed\n");
    bundle.withoutNamespace("network");
    expect(await bundle.sh("ifconfig lo down 2>&1 || true")).toMatch(/not permitted/);
  });

  test("reaches mounts below directories that only the caller may enter", async () => {
    mkdirSync(bundle.outside("private/volume"), { recursive: true, mode: 0o700 });
    writeFileSync(bundle.outside("private/volume/file"), "reached\n");
    bundle.mount({
      destination: "/v",
      type: "bind",
      source: bundle.outside("private/volume"),
      options: ["rbind"],
    });
    bundle.config.process.user = { uid: 1000, gid: 1000 };
    expect(await bundle.sh("cat /v/file")).toBe("reached\n");
  });

  test("reaches mounts below directories that belong to nobody in it", async () => {
    const source = bundle.outside("private/volume");
    bundle.mount({ destination: "/v", type: "bind", source, options: ["rbind", "ro"] });
    bundle.config.process.args = ["cat", "/v/file"];
    const out = await bundle.output(`
      mkdir -p private/volume; echo reached >private/volume/file; chown 3000:3000 private; chmod 700 private; rt run c`);
    expect(out).toBe("reached\n");
  });

  test("is entered by exec", async () => {
    bundle.config.process.args = ["sleep", "1000"];
    const out = await bundle.output(
      "rt run -d c; rt exec --user 1000:1000 c sh -c 'id -u; cat /proc/1/comm'; rt delete -f c",
    );
    expect(out).toBe("1000\nsleep\n");
  });

  test("a mapping beyond what we have is refused", async () => {
    bundle.config.linux.uidMappings = [{ containerID: 0, hostID: 3_000_000_000, size: 10 }];
    expect(await bundle.refusal(["true"])).toMatch(/id mapping/);
  });
});

describe("without privileges", () => {
  const plain = (args: string[]) =>
    run([program, "--root", bundle.state, "run", ...args], { cwd: bundle.directory });

  test("a container with its own user namespace runs, mapped by newuidmap or to one id", async (context) => {
    skipUnless(context, ordinaryUser());
    bundle.namespace("user").withoutNamespace("cgroup");
    bundle.config.process.args = ["sh", "-c", "id -u; cat /proc/self/setgroups"];
    const own = (host: number) => [{ containerID: 0, hostID: host, size: 1 }];
    bundle.config.linux.uidMappings = own(process.getuid!());
    bundle.config.linux.gidMappings = own(process.getgid!());
    bundle.write();
    expect(await plain(["c"])).toMatchObject({ exitCode: 0, stdout: "0\ndeny\n" });
  });

  test("ids that are not ours can't be mapped", async (context) => {
    skipUnless(context, ordinaryUser());
    bundle.namespace("user");
    bundle.config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
    bundle.config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
    bundle.write();
    const result = await plain(["c"]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/refused the id mapping/);
  });

  test("a container without one gets the user's subordinate ids", async (context) => {
    skipUnless(context, ordinaryUser());
    bundle.config.process.args = ["sh", "-c", "id -u; cat /proc/self/uid_map | grep -c ."];
    bundle.write();
    expect(await plain(["c"])).toMatchObject({ exitCode: 0, stdout: "0\n2\n" });
    // As crun's `spec --rootless` writes it.
    bundle.namespace("user").write();
    expect(await plain(["d"])).toMatchObject({ exitCode: 0, stdout: "0\n2\n" });
  });

  test("time offsets", async (context) => {
    skipUnless(context, ordinaryUser());
    bundle.namespace("time");
    bundle.config.linux.timeOffsets = { boottime: { secs: 1000, nanosecs: 5 }, monotonic: { secs: -1 } };
    bundle.config.process.args = ["sh", "-c", "echo $(cat /proc/self/timens_offsets)"];
    bundle.write();
    expect(await plain(["c"])).toMatchObject({ exitCode: 0, stdout: "monotonic -1 0 boottime 1000 5\n" });
  });
});

describe("sysctl", () => {
  test("sets what belongs to the container's namespaces", async () => {
    bundle.config.linux.sysctl = {
      "net.ipv4.ip_forward": "1",
      "kernel.shmmni": "55",
      "kernel.domainname": "x.y",
    };
    const out = await bundle.sh(
      "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni /proc/sys/kernel/domainname",
    );
    expect(out).toBe("1\n55\nx.y\n");
  });

  test("has names as sysctl(8) has them: either separator, the other one in a part", async () => {
    bundle.config.linux.sysctl = { "net/ipv4/ip_forward": "1", "kernel/shmmni": "55" };
    expect(await bundle.sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni")).toBe("1\n55\n");
    // No interface `a.b` is there; what it is looked for as shows that the name was understood.
    bundle.config.linux.sysctl = { "net.ipv4.conf.a/b.forwarding": "1" };
    expect(await bundle.refusal(["true"])).toMatch(
      /set sysctl net\.ipv4\.conf\.a\/b\.forwarding.*No such file/,
    );
  });

  test("must not say something else than hostname and domainname", async () => {
    bundle.config.domainname = "one";
    bundle.config.linux.sysctl = { "kernel.domainname": "one" };
    expect(await bundle.sh("cat /proc/sys/kernel/domainname")).toBe("one\n");
    bundle.config.linux.sysctl = { "kernel.domainname": "other" };
    expect(await bundle.refusal(["true"])).toMatch(/is not what `domainname` says/);
    bundle.config.linux.sysctl = { "kernel.hostname": "one" };
    expect(await bundle.refusal(["true"])).toMatch(/use `hostname` of config.json/);
  });

  test.each([
    ["kernel.core_pattern", "would change the host"],
    ["net/../kernel/core_pattern", "would change the host"],
    ["net/..//kernel/core_pattern", "would change the host"],
    ["net././.kernel.core_pattern", "would change the host"],
    ["/net/ipv4/ip_forward", "would change the host"],
    [".net.ipv4.ip_forward", "would change the host"],
    ["net/", "would change the host"],
    ["net.ipv4.+ip_forward", "would change the host"],
    ["net.ipv4..ip_forward", "would change the host"],
    ["kernel.shmmni\nkernel.core_pattern", "would change the host"],
    ["", "would change the host"],
  ])("refuses %j", async (name, message) => {
    bundle.config.linux.sysctl = { [name]: "1" };
    expect(await bundle.refusal(["true"])).toContain(message);
  });

  test("is written to procfs, whatever is mounted over it (CVE-2025-52881)", async () => {
    bundle.config.linux.sysctl = { "kernel.msgmax": "4096" };
    bundle.config.process.args = ["true"];
    mkdirSync(bundle.outside("kernel"));
    writeFileSync(bundle.outside("kernel/msgmax"), "untouched\n");
    for (const cover of ["kernel", "/proc/sys/kernel"])
      expect(
        await bundle.output(`mount --bind ${cover} /proc/sys/kernel; rt run c 2>&1 || cat kernel/*`),
      ).toBe("Error: set sysctl kernel.msgmax to `4096`: Invalid cross-device link\nuntouched\n");
  });

  test("refuses what would reach a namespace of the host", async () => {
    bundle.withoutNamespace("network");
    bundle.config.linux.sysctl = { "net.ipv4.ip_forward": "1" };
    expect(await bundle.refusal(["true"])).toMatch(/needs a network namespace/);
    bundle.config.linux.sysctl = { "kernel.shmmni": "1\n2" };
    expect(await bundle.refusal(["true"])).toMatch(/must be one line/);
  });
});

describe("network devices", () => {
  /** Beside an interface `one` in a network namespace of the caller's. */
  const beside = (script: string) =>
    bundle.script(`unshare --net sh -ec '
        ip link add one type veth peer name other; ip addr add 10.1.2.3/24 brd 10.1.2.254 dev one; ip addr add fd00::7/64 dev one
        ip addr add 169.254.3.3/16 scope link dev one; ip link set one up
        program=$1 state=$2; rt() { "$program" --root "$state" "$@"; }
        ${script}' sh "$program" "$state"`);
  const show =
    "ip -o addr show dev two | grep -v fe80: | tr -s ' ' | cut -d ' ' -f 2-6; ip link show two | grep -c ,UP";

  beforeEach(async (context) => {
    const { exitCode, stderr } = await inside([
      "unshare",
      "--net",
      "ip",
      "link",
      "add",
      "one",
      "type",
      "veth",
    ]);
    skipUnless(
      context,
      hasProgram("ip"),
      exitCode === 0 ? undefined : `no interfaces to try it with: ${stderr.trim()}`,
    );
  });

  test("move with their lasting addresses, get their new names and are brought up", async () => {
    bundle.config.linux.netDevices = { one: { name: "two" } };
    bundle.config.process.args = ["sh", "-c", show];
    const { stdout, stderr } = await beside("rt run c; ip link show one 2>&1 || true");
    expect({ stdout, stderr }).toEqual({
      stdout:
        "two inet 10.1.2.3/24 brd 10.1.2.254\ntwo inet6 fd00::7/64 scope global\n1\n" +
        'Device "one" does not exist.\n',
      stderr: "",
    });
  });

  test("keep their names, or get the next free one of a template", async () => {
    bundle.config.process.args = ["sh", "-c", "ls /sys/class/net"];
    bundle.mount({ destination: "/sys", type: "sysfs", source: "sysfs" });
    for (const [device, expected] of [
      [{}, "one"],
      [{ name: "" }, "one"],
      [{ name: "eth%d" }, "eth0"],
    ] as const) {
      bundle.config.linux.netDevices = { one: device };
      const { stdout, stderr } = await beside("rt run c");
      expect({ names: stdout.split("\n").filter((name) => name && name !== "lo"), stderr }).toEqual({
        names: [expected],
        stderr: "",
      });
    }
  });

  test.each([
    [{ one: { name: "lo" } }, /the container has an interface `lo` already/],
    [{ nosuch: {} }, /find interface `nosuch`: No such device/],
    [{ one: { name: "a/b" } }, /`a\/b` is not the name of an interface/],
    [{ one: { name: "x".repeat(16) } }, /is not the name of an interface/],
    [{ one: { name: "a%s" } }, /is not the name of an interface/],
  ])("%j is refused, and the interface stays", async (devices, message) => {
    bundle.config.linux.netDevices = devices;
    const { stdout, stderr } = await beside(
      'rt run c || ip -o addr show dev one | wc -l; ls "$state" | wc -l',
    );
    expect(stderr).toMatch(message);
    expect(stdout).toBe("3\n0\n");
  });

  test("need a network namespace of the container's", async () => {
    bundle.config.linux.netDevices = { one: {} };
    bundle.withoutNamespace("network");
    expect(await bundle.refusal(["true"])).toMatch(/netDevices: needs a network namespace/);
  });
});
