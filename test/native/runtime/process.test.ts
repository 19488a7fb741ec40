import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { hasProgram, skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace, statusFields } from "./bundle.ts";

let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
});

const status = async () => statusFields(await bundle.sh("cat /proc/self/status"));

describe("identity", () => {
  test("user, group, additional groups and umask", async () => {
    bundle.config.process.user = { uid: 12, gid: 34, additionalGids: [56, 78], umask: 0o027 };
    expect(await bundle.sh("id -u; id -g; id -G; umask")).toBe("12\n34\n34 56 78\n0027\n");
  });

  test("no group of the caller stays", async () => {
    expect((await status()).Groups).toBe("");
    expect(await bundle.sh("umask")).toBe("0022\n");
  });

  test("a user without a mapping is an error", async () => {
    bundle.config.process.user = { uid: 4_000_000, gid: 0 };
    expect((await bundle.run(["true"])).stderr).toMatch(/become user 4000000 \(is it mapped/);
  });

  test("HOME comes from the image's passwd, and what is set stays", async () => {
    bundle.config.process.user = { uid: 7, gid: 7 };
    expect(await bundle.sh("echo $HOME")).toBe("/\n");
    writeFileSync(bundle.inRootfs("etc/passwd"), "seven:x:7:7::/home/seven:/bin/sh\n");
    expect(await bundle.sh("echo $HOME")).toBe("/home/seven\n");
    bundle.config.process.env.push("HOME=/set");
    expect(await bundle.sh("echo $HOME")).toBe("/set\n");
  });

  test("a variable that is given twice has the later value, also for exec", async () => {
    bundle.config.process.env.push("A=1", "AB=2", "A=3");
    const { stdout } = await bundle.run(["env"]);
    expect(stdout.split("\n").filter((line) => line.startsWith("A"))).toEqual(["A=3", "AB=2"]);
    bundle.config.process.args = ["sleep", "1000"];
    const out = await bundle.output(
      "rt run -d c; rt exec -e A=4 -e HOME=/x c sh -c 'echo $A $HOME'; rt delete -f c",
    );
    expect(out).toBe("4 /x\n");
  });
});

describe("capabilities", () => {
  test("are exactly those of the configuration, set by set", async () => {
    bundle.config.process.capabilities = {
      bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
      effective: ["CAP_CHOWN"],
      permitted: ["CAP_CHOWN", "CAP_NET_RAW"],
      inheritable: ["CAP_NET_RAW"],
      ambient: ["CAP_NET_RAW"],
    };
    bundle.config.process.user = { uid: 1, gid: 1 };
    // Across exec a user other than root keeps what is ambient.
    expect(await status()).toMatchObject({
      CapBnd: "0000000000002021",
      CapInh: "0000000000002000",
      CapAmb: "0000000000002000",
      CapPrm: "0000000000002000",
      CapEff: "0000000000002000",
    });
  });

  test("none are left without the object", async () => {
    delete bundle.config.process.capabilities;
    expect(await status()).toMatchObject({ CapBnd: "0000000000000000", CapEff: "0000000000000000" });
  });

  test("an unknown one is warned of, not given, and no error", async () => {
    bundle.config.process.capabilities.bounding.push("CAP_FLY");
    const { exitCode, stdout, stderr } = await bundle.run(["sh", "-c", "grep CapBnd /proc/self/status"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "CapBnd:\t00000000000004e3\n" });
    expect(stderr).toBe(
      "Warning: process.capabilities: no capability `CAP_FLY` is known here, so it isn't given\n",
    );
  });

  test("no_new_privs", async () => {
    expect((await status()).NoNewPrivs).toBe("1");
    bundle.config.process.noNewPrivileges = false;
    expect((await status()).NoNewPrivs).toBe("0");
  });
});

describe("limits", () => {
  test("rlimits, also the largest number that JSON writers produce", async () => {
    bundle.config.process.rlimits = [
      { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
      { type: "RLIMIT_CORE", soft: 0, hard: 0 },
    ];
    expect(await bundle.sh("ulimit -Sn; ulimit -Hn; ulimit -Sc")).toBe("100\n200\n0\n");
    bundle.config.process.args = ["sh", "-c", "ulimit -Ht"];
    const text = JSON.stringify(bundle.config).replace(
      '"rlimits":[',
      '"rlimits":[{"type":"RLIMIT_CPU","soft":18446744073709551615,"hard":18446744073709551615},',
    );
    const result = await bundle.script(`cat >config.json <<'EOF'\n${text}\nEOF\nrt run c`);
    expect(result).toMatchObject({ exitCode: 0, stdout: "unlimited\n" });
  });

  test("OOM score, nice value, I/O priority and personality", async () => {
    bundle.config.process.oomScoreAdj = 500;
    bundle.config.process.scheduler = { policy: "SCHED_BATCH", nice: 5 };
    bundle.config.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 };
    bundle.config.linux.personality = { domain: "LINUX32" };
    const out = await bundle.sh(
      "cat /proc/self/oom_score_adj; cut -d ' ' -f 19 /proc/self/stat; ionice; cat /proc/self/personality",
    );
    expect(out).toBe("500\n5\nbest-effort: prio 6\n00000008\n");
  });

  test("CPUs of an exec'ed process, while it joins and once it runs", async (context) => {
    const cpus = /Cpus_allowed_list:\t(\S+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]!;
    const last = /\d+$/.exec(cpus)![0];
    skipUnless(context, cpus === last ? "there is only one CPU" : undefined);
    bundle.config.process.args = ["sleep", "1000"];
    const args = ["grep", "Cpus_allowed_list", "/proc/self/status"];
    const execCPUAffinity = { initial: cpus, final: last };
    writeFileSync(
      bundle.outside("p.json"),
      JSON.stringify({ ...bundle.config.process, args, execCPUAffinity }),
    );
    execCPUAffinity.initial = "";
    writeFileSync(
      bundle.outside("q.json"),
      JSON.stringify({ ...bundle.config.process, args, execCPUAffinity }),
    );
    expect(
      await bundle.output("rt run -d c; for f in p q; do rt exec --process $f.json c; done; rt delete -f c"),
    ).toBe(`Cpus_allowed_list:\t${last}\n`.repeat(2));
  });

  test("unknown names are refused", async () => {
    bundle.config.process.rlimits = [{ type: "RLIMIT_LUCK", soft: 1, hard: 1 }];
    expect(await bundle.refusal(["true"])).toMatch(/unknown type `RLIMIT_LUCK`/);
  });
});

describe("working directory", () => {
  test("is made when missing", async () => {
    bundle.config.process.cwd = "/made/for/me";
    expect(await bundle.sh("pwd")).toBe("/made/for/me\n");
  });

  test("is made where nothing can be made later", async () => {
    bundle.config.root.readonly = true;
    bundle.mount({ destination: "/t", type: "tmpfs", source: "tmpfs", options: ["ro"] });
    for (const cwd of ["/made/for/me", "/t/in/there"]) {
      bundle.config.process.cwd = cwd;
      expect(await bundle.sh("pwd; touch x 2>&1 || true")).toBe(`${cwd}\ntouch: x: Read-only file system\n`);
    }
  });

  test("must be absolute and a directory", async () => {
    bundle.config.process.cwd = "relative";
    expect(await bundle.refusal(["true"])).toMatch(/process.cwd: `relative` is not an absolute path/);
    bundle.config.process.cwd = "/bin/busybox";
    expect(await bundle.refusal(["true"])).toMatch(/Not a directory/);
  });
});

/** Answers one system call with ENOSPC and prints what it was told about the container. */
const AGENT = `
import array, fcntl, socket, struct
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind("agent.sock"); listener.listen(1)
connection, _ = listener.accept()
state, control, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(4))
notify = array.array("i", control[0][2])[0]
request = bytearray(80)
fcntl.ioctl(notify, 0xc0502100, request)
fcntl.ioctl(notify, 0xc0182101, request[:8] + struct.pack("qiI", 0, -28, 0))
print(state.decode())
`;

describe("seccomp", () => {
  const seccomp = (rules: unknown[], more = {}) => {
    bundle.config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: rules, ...more };
  };

  test.each([true, false])("filters by system call, with no_new_privs %s", async (noNewPrivileges) => {
    bundle.config.process.noNewPrivileges = noNewPrivileges;
    seccomp([{ names: ["mkdir", "mkdirat", "no_such_call"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }]);
    expect(await bundle.sh("mkdir /x 2>&1 || true; grep Seccomp: /proc/self/status")).toMatch(
      /No space left on device\nSeccomp:\t2/,
    );
    expect((await status()).CapEff).toBe("00000000000004e3");
  });

  test("filters by argument", async () => {
    const busyboxUnshareUts = { index: 0, value: 0x04000000, valueTwo: 0x04000000, op: "SCMP_CMP_MASKED_EQ" };
    bundle.config.process.capabilities.bounding.push("CAP_SYS_ADMIN");
    bundle.config.process.capabilities.effective.push("CAP_SYS_ADMIN");
    bundle.config.process.capabilities.permitted.push("CAP_SYS_ADMIN");
    seccomp([{ names: ["unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 38, args: [busyboxUnshareUts] }]);
    expect(await bundle.sh("unshare -i echo ipc; unshare -u echo uts 2>&1 || true")).toMatch(
      /^ipc\n.*Function not implemented/,
    );
  });

  test.each([
    ["SCMP_ACT_TRAP", "Bad system call", 159],
    ["SCMP_ACT_KILL_THREAD", "Bad system call", 159],
    ["SCMP_ACT_TRACE", "Function not implemented", 1],
    ["SCMP_ACT_LOG", "", 0],
  ])("%s does so", async (action, message, code) => {
    seccomp([{ names: ["mkdir", "mkdirat"], action }], {
      flags: ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
    });
    const { stdout, stderr } = await bundle.run(["sh", "-c", "mkdir /tmp/new; echo $?"]);
    expect(stdout).toBe(`${code}\n`);
    expect(stderr).toContain(message);
  });

  test("filters exec'ed processes too", async () => {
    seccomp([{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }]);
    bundle.config.process.args = ["sleep", "1000"];
    const out = await bundle.output(`
      rt run -d c; rt exec c sh -c 'mkdir /x 2>&1 || grep -e Seccomp: -e NoNewPrivs /proc/self/status'; rt delete -f c`);
    expect(out).toMatch(/No space left on device\nNoNewPrivs:\t1\nSeccomp:\t2\n/);
  });

  test("can kill", async () => {
    seccomp([{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_KILL_PROCESS" }]);
    expect(await bundle.sh("mkdir /x || echo $?")).toBe("159\n");
  });

  test("the second run takes the compiled filter from the cache", async () => {
    seccomp([{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }]);
    const files = () => bundle.output('ls "$state/.seccomp"');
    await bundle.sh("true");
    const first = await files();
    expect(first).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await bundle.sh("mkdir /x 2>&1 || true")).toMatch(/No space left/);
    expect(await files()).toBe(first);
    seccomp([{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }]);
    expect(await bundle.sh("mkdir /x 2>&1 || true")).toMatch(/not permitted/);
    expect((await files()).split("\n")).toHaveLength(3);
  });

  test("an agent gets the listener and decides", async (context) => {
    skipUnless(context, hasProgram("python3"));
    writeFileSync(bundle.outside("agent.py"), AGENT);
    seccomp([{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY" }], {
      listenerPath: bundle.outside("agent.sock"),
      listenerMetadata: "said by the test",
    });
    bundle.config.process.args = ["sh", "-c", "mkdir /x 2>&1"];
    const { stdout } = await bundle.script(
      "python3 agent.py >agent.out & while [ ! -e agent.sock ]; do sleep 0.01; done; rt run c; wait; cat agent.out",
    );
    const [answer, state] = stdout.trim().split("\n");
    expect(answer).toMatch(/No space left on device/);
    expect(JSON.parse(state!)).toMatchObject({
      fds: ["seccompFd"],
      metadata: "said by the test",
      state: { id: "c" },
    });
  });

  test.each([
    ["an unknown action", { defaultAction: "SCMP_ACT_SMILE" }, /unknown action `SCMP_ACT_SMILE`/],
    [
      "an unknown architecture",
      { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_Z80"] },
      /unknown `SCMP_ARCH_Z80`/,
    ],
    [
      "an unknown flag",
      { defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_X"] },
      /unknown flag/,
    ],
  ])("refuses %s", async (_, value, message) => {
    bundle.config.linux.seccomp = value;
    expect(await bundle.refusal(["true"])).toMatch(message);
  });
});

describe("descriptors", () => {
  test("only those preserved get in", async () => {
    bundle.config.process.args = ["sh", "-c", "ls /proc/self/fd"];
    const plain = await bundle.output("exec 3</dev/null 4</dev/null; rt run c");
    expect(plain.trim().split("\n").sort()).toEqual(["0", "1", "2", "3"]);
    const kept = await bundle.output("exec 3</dev/null 4</dev/null 5</dev/null; rt run --preserve-fds 2 c");
    expect(kept.trim().split("\n").sort()).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  test("socket activation", async () => {
    bundle.config.process.args = ["sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; cat <&3"];
    expect(await bundle.output("echo data >in; exec 3<in; LISTEN_FDS=1 rt run c")).toBe("1 1\ndata\n");
  });
});

describe("memory policy", () => {
  const numa = existsSync("/proc/self/numa_maps") ? undefined : "the kernel has no NUMA";
  const policy = (value: unknown) => {
    bundle.config.linux.memoryPolicy = value;
  };

  test.for([
    [{ mode: "MPOL_DEFAULT" }, "default"],
    [{ mode: "MPOL_LOCAL" }, "local"],
    [{ mode: "MPOL_BIND", nodes: "0" }, "bind:0"],
    [{ mode: "MPOL_PREFERRED", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] }, "prefer=static:0"],
    [{ mode: "MPOL_INTERLEAVE", nodes: "0-0" }, "interleave:0"],
  ] as const)("%j", async ([value, expected], context) => {
    skipUnless(context, numa);
    policy(value);
    expect(await bundle.sh("read line </proc/self/numa_maps; set -- $line; echo $2")).toBe(`${expected}\n`);
    bundle.config.process.args = ["sleep", "1000"];
    const script = "read line </proc/self/numa_maps; set -- $line; echo $2";
    expect(await bundle.output(`rt run -d c; rt exec c sh -c '${script}'; rt delete -f c`)).toBe(
      `${expected}\n`,
    );
  });

  test.for([
    [{}, "linux.memoryPolicy.mode: unknown value ``"],
    [{ mode: "MPOL_BAD" }, "mode: unknown value `MPOL_BAD`"],
    [{ mode: "MPOL_PREFERRED", flags: ["BAD"] }, "flags: unknown value `BAD`"],
    [{ mode: "MPOL_BIND", nodes: "bad" }, "nodes: `bad` is not a list of nodes"],
    [{ mode: "MPOL_BIND", nodes: "10284838" }, "is not a list of nodes"],
    [{ mode: "MPOL_BIND", nodes: "0-" }, "is not a list of nodes"],
  ] as const)("%j is refused", async ([value, message]) => {
    policy(value);
    expect(await bundle.refusal(["true"])).toContain(message);
  });

  test("what the kernel doesn't take is an error", async (context) => {
    skipUnless(context, numa);
    policy({ mode: "MPOL_INTERLEAVE" });
    expect((await bundle.run(["true"])).stderr).toMatch(
      /set the memory policy MPOL_INTERLEAVE.*Invalid argument/,
    );
  });
});

test("what isolation may depend on and is not supported is refused", async () => {
  bundle.config.linux.intelRdt = { closID: "x" };
  expect(await bundle.refusal(["true"])).toMatch(/intelRdt: not supported/);
  delete bundle.config.linux.intelRdt;
  bundle.config.process.selinuxLabel = "system_u:system_r:container_t:s0";
  expect(await bundle.refusal(["true"])).toMatch(/SELinux is not supported/);
  delete bundle.config.process.selinuxLabel;
  bundle.config.process.apparmorProfile = "no-such-profile";
  expect((await bundle.run(["true"])).stderr).toMatch(/AppArmor/);
});
