/** What callers of other runtimes' command lines rely on, beyond a container's life. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { hasCgroup, hasProgram, skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace } from "./bundle.ts";

let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
  bundle.config.process.args = ["sleep", "1000"];
});

/** What is typed is echoed when it comes, between any two lines. */
const withoutEcho = (text: string) => text.replaceAll("\r", "").replace(/^typed\n/m, "");
const lines = (text: string) => text.trimEnd().split("\n");
const json = (text: string) => JSON.parse(text);

describe("the command line", () => {
  test("says how each command is used, and its version in three lines", async () => {
    const commands =
      "create start run exec state kill delete list ps pause resume update events spec features".split(" ");
    const out = await bundle.output(
      `for c in ${commands.join(" ")}; do rt $c --help; rt $c -h >/dev/null; done; rt help >/dev/null; rt --version`,
    );
    for (const command of commands) expect(out).toContain(`Usage: coracle-runtime ${command}`);
    expect(lines(out).slice(-3)).toEqual([
      expect.stringMatching(/^coracle-runtime version \d/),
      expect.stringMatching(/^commit: \S+$/),
      expect.stringMatching(/^spec: 1\.\d/),
    ]);
    expect((await bundle.script("rt foo -h")).exitCode).toBe(1);
  });

  test("takes options after the container's id, but those of exec and ps are the program's", async () => {
    const out = await bundle.output(`
      rt run -d c; rt kill c KILL --all; rt run d --detach; rt exec d echo -d --tty; rt delete d --force; rt list -q`);
    expect(lines(out)).toEqual(["-d --tty", "c"]);
  });

  test("--log gets what --debug tells, as text or JSON, and must be a file", async () => {
    bundle.config.process.args = ["echo", "out"];
    const { stdout, stderr } = await bundle.script(`
      rt --debug run c; rt --debug --log text run c; rt --debug --log json --log-format json run c
      rt --log /no/such/file list; echo $?; rt --log-format xml list; echo $?`);
    expect(stdout).toBe("out\nout\nout\n1\n1\n");
    expect(stderr).toMatch(/^(time="[^"]+" level=debug msg="command `run`[^"]*"\n)+Error: open the log file/);
    expect(stderr).toMatch(/--log-format: `xml` is neither/);
    expect(readFileSync(bundle.outside("text"), "utf8")).toMatch(/ level=debug msg="command `run`/);
    for (const line of lines(readFileSync(bundle.outside("json"), "utf8")))
      expect(json(line)).toMatchObject({ level: "debug", msg: expect.stringContaining("`run`") });
  });

  test("list and ps print one line of JSON, in order, and refuse other formats", async (context) => {
    skipUnless(context, hasCgroup(), hasProgram("ps"));
    bundle.useCgroup();
    const { stdout, stderr } = await bundle.script(`
      rt run -d b; mkdir other; sed 's/"cgroupsPath":"[^"]*"/"cgroupsPath":null/' config.json >other/config.json
      sed -i "s,rootfs,$PWD/rootfs," other/config.json; rt run -d --bundle other a
      rt list -f json; rt list -q -f json; rt ps -f json b; rt ps b; rt ps b -o pid,comm; rt ps b -o comm
      rt list -f xml; rt ps -f xml b; rt delete -f a; rt delete -f b`);
    const [list, a, b, pids, head, full, , short] = lines(stdout);
    expect(json(list!)).toMatchObject([
      { id: "a", owner: "root" },
      { id: "b", owner: "root" },
    ]);
    expect([a, b]).toEqual(["a", "b"]);
    const [pid] = json(pids!);
    expect(head).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
    expect(full).toMatch(new RegExp(`^\\S+ +${pid} .* sleep 1000$`));
    expect(short!.trim()).toBe(`${pid} sleep`);
    expect(stderr).toMatch(/prints no column PID[\s\S]*`xml` is neither[\s\S]*`xml` is neither/);
  });

  test("--preserve-fds names a descriptor that isn't there", async () => {
    const { exitCode, stderr } = await bundle.script("exec 3<&-; rt run --preserve-fds 1 c");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: "Error: --preserve-fds: descriptor 3: Bad file descriptor\n",
    });
  });

  test("--pidfd-socket gets a descriptor of the process", async (context) => {
    skipUnless(context, hasProgram("python3"));
    const receive = `
import os, socket, signal, sys
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); server.listen()
_, fds, _, _ = socket.recv_fds(server.accept()[0], 4096, 1)
signal.pidfd_send_signal(fds[0], signal.SIGKILL)`;
    writeFileSync(bundle.outside("receive.py"), receive);
    const out = await bundle.output(`
      serve() { python3 receive.py $1 & while ! test -S $1; do sleep 0.05; done; }
      serve x; serve y; rt create --pidfd-socket x c; while ! rt state c | grep stopped; do sleep 0.05; done; rt delete c
      rt run -d c; rt exec --pidfd-socket y c sleep 999 || echo $?; wait; rt state c | grep running; rt delete -f c`);
    expect(out.replaceAll(" ", "")).toBe('"status":"stopped",\n137\n"status":"running",\n');
  });
});

describe("a terminal without --console-socket", () => {
  test("is ours for as long as we wait", async () => {
    bundle.config.process.terminal = true;
    bundle.config.process.args = ["sh", "-c", "tty; stty size; read word; echo got $word; seq 3000; exit 5"];
    bundle.config.process.consoleSize = { height: 33, width: 77 };
    const { exitCode, stdout } = await bundle.script("echo typed | rt run c");
    expect(exitCode).toBe(5);
    const printed = withoutEcho(stdout);
    expect(printed).toMatch(/^\/dev\/pts\/0\n33 77\ngot typed\n1\n/);
    expect(printed.endsWith("\n3000\n")).toBe(true);
    expect((await bundle.script("rt run -d c")).stderr).toMatch(/pass --console-socket/);
  });

  test("also of an exec'ed process", async () => {
    const { stdout, stderr } = await bundle.script(`
      rt run -d c; rt exec --tty c sh -c 'tty; exit 6' </dev/null; echo $?; rt exec -d --tty c true; echo $?; rt delete -f c`);
    expect(stdout.replaceAll("\r", "")).toBe("/dev/pts/0\n6\n255\n");
    expect(stderr).toMatch(/pass --console-socket/);
  });

  test("has the size of ours", async (context) => {
    skipUnless(context, hasProgram("script"));
    bundle.config.process.terminal = true;
    bundle.config.process.args = ["stty", "size"];
    const { stdout } = await bundle.script(
      `script -qec "stty rows 12 cols 34; $program --root $state run c" /dev/null </dev/null`,
    );
    expect(stdout.replaceAll("\r", "")).toContain("12 34\n");
  });
});

describe("exec", () => {
  test("fails with 255 where it isn't the program that can't be run", async () => {
    const { stdout } = await bundle.script(`
      rt exec nobody true; echo $?; rt run -d c; rt exec --pid-file /no/such c true; echo $?; rt exec c nosuch; echo $?
      rt delete -f c`);
    expect(stdout).toBe("255\n255\n127\n");
  });

  test("a process file has the container's capabilities and limits where it says nothing of them", async () => {
    bundle.config.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 77, hard: 88 }];
    const args = ["/bin/sh", "-c", "grep CapEff /proc/self/status; ulimit -Sn"];
    const file = (name: string, more: object) =>
      writeFileSync(bundle.outside(name), JSON.stringify({ args, cwd: "/", env: ["PATH=/bin"], ...more }));
    file("bare", {});
    file("own", { capabilities: {}, rlimits: [{ type: "RLIMIT_NOFILE", soft: 66, hard: 66 }] });
    const out = await bundle.output(
      "rt run -d c; for f in bare own; do rt exec -p $f c; done; rt delete -f c",
    );
    expect(lines(out)).toEqual(["CapEff:\t00000000000004e3", "77", "CapEff:\t0000000000000000", "66"]);
  });

  test("--cap makes ambient what is inheritable", async () => {
    bundle.config.process.capabilities = { inheritable: ["CAP_NET_RAW"], bounding: ["CAP_NET_RAW"] };
    const out = await bundle.output(`
      rt run -d c; for cap in NET_RAW KILL; do rt exec --cap CAP_$cap c grep CapAmb /proc/self/status; done; rt delete -f c`);
    expect(lines(out)).toEqual(["CapAmb:\t0000000000002000", "CapAmb:\t0000000000000000"]);
  });

  test("--cgroup is one below the container's, and nothing else", async (context) => {
    skipUnless(context, hasCgroup());
    const cgroup = bundle.useCgroup()!;
    const { stdout, stderr } = await bundle.script(`
      rt run -d c; mkdir '${cgroup}/below'; for path in below / /below/; do rt exec --cgroup $path c grep 0:: /proc/self/cgroup; done
      for path in .. nosuch ../.. ; do rt exec --cgroup $path c true; echo $?; done; rt delete -f c`);
    expect(lines(stdout)).toEqual(["0::/below", "0::/", "0::/below", "255", "255", "255"]);
    expect(stderr).toMatch(/open cgroup `nosuch` below that of container `c`: No such file/);
  });

  test("--ignore-paused waits for the container to be resumed", async (context) => {
    skipUnless(context, hasCgroup());
    bundle.useCgroup();
    const out = await bundle.output(
      "rt run -d c; rt pause c; (sleep 0.3; rt resume c) & rt exec --ignore-paused c echo then; rt delete -f c",
    );
    expect(out).toBe("then\n");
  });

  test("passes signals on, from the moment on at which the process runs", async (context) => {
    skipUnless(context, hasProgram("strace"));
    // It takes its time to get ready for them.
    const slow = "strace -D -o /dev/null -e trace=rt_sigaction -e inject=rt_sigaction:delay_enter=50000";
    const out = await bundle.output(`
      rt run -d c; ${slow} "$program" --root "$state" exec c sh -c 'trap "echo got it; exit 3" TERM; echo ready; while :; do sleep 0.1; done' >out & exec=$!
      until grep -q ready out; do sleep 0.05; done; kill $exec; wait $exec || echo $?; cat out; rt delete -f c`);
    expect(lines(out)).toEqual(["3", "ready", "got it"]);
  });
});

describe("the environment", () => {
  test("has each variable once, as assigned last, and a HOME that isn't empty", async () => {
    bundle.config.process.env = ["PATH=/bin", "HOME=/a", "A=1", "HOME=", "A=2"];
    bundle.config.process.args = ["env"];
    expect(lines((await bundle.run()).stdout)).toEqual(["PATH=/bin", "HOME=/root", "A=2"]);
    bundle.config.process.args = ["sleep", "1000"];
    const out = await bundle.output("rt run -d c; rt exec --env A=3 c sh -c 'echo $A'; rt delete -f c");
    expect(out).toBe("3\n");
  });
});

test("the caller's CPUs are no limit of the container's", async (context) => {
  const all = /Cpus_allowed_list:\t(\S+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]!;
  const first = /^\d+/.exec(all)![0];
  skipUnless(context, hasProgram("taskset"), all === first ? "there is only one CPU" : undefined);
  bundle.config.process.args = ["grep", "Cpus_allowed_list", "/proc/self/status"];
  const out = await bundle.output(`
    taskset -c ${first} "$program" --root "$state" run c; sed -i 's/"args":\\[[^]]*/"args":["sleep","1000"/' config.json; rt run -d c
    taskset -c ${first} "$program" --root "$state" exec c grep Cpus_allowed_list /proc/self/status; rt delete -f c`);
  expect(lines(out)).toEqual(Array(2).fill(`Cpus_allowed_list:\t${all}`));
});

describe("cgroups", () => {
  test("kill KILL reaches all where there is no pid namespace, also when init is gone", async (context) => {
    skipUnless(context, hasCgroup());
    const cgroup = bundle.useCgroup()!;
    bundle.withoutNamespace("pid").withoutMount("/proc");
    bundle.mount({ destination: "/proc", type: "bind", source: "/proc", options: ["rbind"] });
    const out = await bundle.output(`
      for gone in false true; do
        rt run -d --pid-file pid c; rt exec -d c sleep 999; ! $gone || kill -9 $(cat pid)
        rt kill c KILL; while grep -q . '${cgroup}/cgroup.procs'; do sleep 0.05; done; rt delete c; echo $gone
      done
      rt run -d c; rt kill --all c KILL; while ! rt state c | grep -q stopped; do sleep 0.05; done
      rt kill c TERM 2>&1 || true; rt delete c`);
    expect(lines(out)).toEqual(["false", "true", "Error: container `c` is not running: No such process"]);
  });

  test("that are frozen are refused, as nothing would ever run there", async (context) => {
    skipUnless(context, hasCgroup());
    const cgroup = bundle.useCgroup()!;
    const { stdout } = await bundle.script(`
      mkdir '${cgroup}'; echo 1 >'${cgroup}/cgroup.freeze'; rt create c 2>&1; echo $?; rmdir '${cgroup}'`);
    expect(stdout).toMatch(/is frozen, or one above it[^\n]*\n1\n$/);
  });

  test("update takes sizes with units, and a line for each device", async (context) => {
    skipUnless(context, hasCgroup("hugetlb"));
    const cgroup = bundle.useCgroup()!;
    bundle.config.linux.resources = {
      unified: { "hugetlb.2MB.max": "4194304\n6291456\n" },
    };
    const { stdout, stderr } = await bundle.script(`
      rt run -d c; cat '${cgroup}/hugetlb.2MB.max'
      for size in 50X -2 1e30 m; do rt update c --memory $size; done; rt update c --cpu-idle 2; rt delete -f c`);
    expect(stdout).toBe("6291456\n");
    expect(stderr.match(/--memory: `\S+` is not a size/g)).toHaveLength(4);
    expect(stderr).toMatch(/cpu.idle: 2 is not between 0 and 1/);
  });

  test("a new period leaves the quota as it is", async (context) => {
    skipUnless(context, hasCgroup("cpu"));
    const cgroup = bundle.useCgroup()!;
    bundle.config.linux.resources = { cpu: { quota: 500_000, period: 1_000_000 } };
    const out = await bundle.output(`
      rt run -d c; for option in --cpu-period=900000 --cpu-quota=600000 --cpu-quota=-1; do
        rt update c $option; cat '${cgroup}/cpu.max'; done; rt delete -f c`);
    expect(lines(out)).toEqual(["500000 900000", "600000 900000", "max 900000"]);
  });

  test("memory: units, swap beside the limit that is there, and no limit for both", async (context) => {
    skipUnless(context, hasCgroup("memory"));
    const cgroup = bundle.useCgroup()!;
    bundle.config.linux.resources = { memory: { limit: 1 << 25 } };
    const out = await bundle.output(`
      rt run -d c; for options in '--memory 50M' '--memory-swap 90m' '--memory 1.5GiB --memory-swap 2g' '--memory -1'; do
        rt update c $options; echo $(cat '${cgroup}/memory.max' '${cgroup}/memory.swap.max'); done; rt delete -f c`);
    expect(lines(out)).toEqual(["52428800 max", `52428800 ${40 << 20}`, `${3 << 29} ${1 << 29}`, "max max"]);
  });
});

describe("hooks", () => {
  test("of startContainer are bound as the program is, and have its environment", async () => {
    mkdirSync(bundle.inRootfs("out"));
    chmodSync(bundle.inRootfs("out"), 0o777);
    const script =
      "(echo $A; id -u; grep -e CapEff -e NoNewPrivs -e Seccomp: /proc/self/status; mkdir /out/d) >/out/log 2>&1";
    writeFileSync(bundle.inRootfs("bin/hook"), `#!/bin/sh\n${script}; exit 0\n`, { mode: 0o755 });
    bundle.config.process.env.push("A=of the program");
    bundle.config.process.user = { uid: 7, gid: 7 };
    bundle.config.hooks = { startContainer: [{ path: "/bin/hook" }] };
    bundle.config.linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
    };
    for (const noNewPrivileges of [true, false]) {
      bundle.config.process.noNewPrivileges = noNewPrivileges;
      expect(lines(await bundle.sh("cat /out/log; rm /out/log"))).toEqual([
        "of the program",
        "7",
        "CapEff:\t0000000000000000",
        `NoNewPrivs:\t${Number(noNewPrivileges)}`,
        "Seccomp:\t2",
        expect.stringMatching(/No space left/),
      ]);
    }
  });

  test("that fail have their last words in the error, and none in the container's output", async () => {
    const say = (what: string) => ({
      path: "/bin/sh",
      args: ["sh", "-c", what],
      env: ["PATH=/bin:/usr/bin"],
    });
    bundle.config.hooks = { createRuntime: [say("echo fine; echo so far >&2")] };
    expect(await bundle.run(["echo", "ran"])).toMatchObject({ stdout: "ran\n", stderr: "" });
    for (const phase of ["prestart", "createRuntime", "createContainer", "startContainer"]) {
      bundle.config.hooks = { [phase]: [say("exit 0"), say("echo first; echo no device >&2; exit 3")] };
      expect(await bundle.refusal(["echo", "ran"])).toBe(
        `${phase}: hook /bin/sh: exit code 3: first no device`,
      );
    }
  });
});

describe("seccomp", () => {
  const seccomp = (more: object) => {
    bundle.config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", ...more };
  };
  const notify = [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY" }];

  test("calls newer than all that are named don't exist", async (context) => {
    skipUnless(context, hasProgram("gcc"), process.arch === "x64" ? undefined : "numbers of x86-64");
    const source = `
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
int main(void) { for (long n = 0; n < 2; n++) { long nr[] = {83, 1000}; syscall(nr[n], "/", 0); printf("%d\\n", errno); } return 0; }`;
    writeFileSync(bundle.outside("t.c"), source);
    await bundle.output("gcc -static -o rootfs/bin/t t.c");
    const all = readFileSync("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "utf8");
    const names = [...all.matchAll(/__NR_(\w+) \d+/g)]
      .map(([, name]) => name)
      .filter((name) => name !== "mkdir");
    const syscalls = [{ names, action: "SCMP_ACT_ALLOW" }];
    for (const architectures of [
      ["SCMP_ARCH_X86_64"],
      ["SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
    ]) {
      seccomp({ defaultAction: "SCMP_ACT_ERRNO", architectures, syscalls });
      const { stdout } = await bundle.run(["t"]);
      expect(lines(stdout)).toEqual(["1", "38"]);
    }
  });

  test("an agent is needed for SCMP_ACT_NOTIFY, and only for that", async () => {
    seccomp({ syscalls: notify });
    expect(await bundle.refusal(["true"])).toMatch(/SCMP_ACT_NOTIFY needs listenerPath/);
    seccomp({ syscalls: notify, listenerPath: "" });
    expect(await bundle.refusal(["true"])).toMatch(/SCMP_ACT_NOTIFY needs listenerPath/);
    seccomp({ defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/x" });
    expect(await bundle.refusal(["true"])).toMatch(/defaultAction: cannot be SCMP_ACT_NOTIFY/);
    seccomp({ syscalls: [{ names: ["sendmsg"], action: "SCMP_ACT_NOTIFY" }], listenerPath: "/x" });
    expect(await bundle.refusal(["true"])).toMatch(/cannot be used for sendmsg/);
    seccomp({ listenerPath: "/no/such/agent", flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] });
    expect(await bundle.sh("echo ran")).toBe("ran\n");
  });

  test("an agent hears of exec'ed processes, too", async (context) => {
    skipUnless(context, hasProgram("python3"));
    const agent = `
import array, fcntl, json, socket, struct
listener = socket.socket(socket.AF_UNIX); listener.bind("agent.sock"); listener.listen(2)
connections = []
for i in range(2):
    connection, _ = listener.accept(); connections.append(connection)
    state, control, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(4))
    notify = array.array("i", control[0][2])[0]
    if i == 0: continue
    request = bytearray(80); fcntl.ioctl(notify, 0xc0502100, request)
    fcntl.ioctl(notify, 0xc0182101, request[:8] + struct.pack("qiI", 0, -28, 0))
    print(state.decode())`;
    writeFileSync(bundle.outside("agent.py"), agent);
    seccomp({ syscalls: notify, listenerPath: bundle.outside("agent.sock"), listenerMetadata: "m" });
    const out = await bundle.output(`
      python3 agent.py >seen & while [ ! -e agent.sock ]; do sleep 0.01; done; rt run -d --pid-file pid c
      rt exec --pid-file exec.pid c sh -c 'mkdir /x 2>&1 || true'; wait; cat seen; cat pid; echo; cat exec.pid; rt delete -f c`);
    const [answer, state, pid, exec] = lines(out);
    expect(answer).toMatch(/No space left/);
    expect(json(state!)).toMatchObject({
      pid: Number(exec),
      metadata: "m",
      fds: ["seccompFd"],
      state: { id: "c", pid: Number(pid), status: "running" },
    });
  });
});

test("without pivot_root nobody gets a procfs in which nothing is hidden", async () => {
  bundle.config.linux.maskedPaths = ["/proc/keys"];
  bundle.config.process.args = ["unshare", "-mrpf", "sh", "-c", "mount -t proc proc /tmp && ls /tmp/keys"];
  for (const option of ["", "--no-pivot"]) {
    const { stdout, stderr } = await bundle.script(`rt run ${option} c`);
    expect(stdout, option).toBe("");
    expect(stderr, option).toMatch(/denied|not permitted/i);
  }
});

test("a user namespace needs no root", async () => {
  bundle.namespace("user");
  const mapping = [{ containerID: 1000, hostID: 0, size: 1 }];
  Object.assign(bundle.config.linux, { uidMappings: mapping, gidMappings: mapping });
  bundle.config.process.user = { uid: 1000, gid: 1000 };
  expect(await bundle.sh("id -u; id -g; stat -c %u /dev")).toBe("1000\n1000\n1000\n");
  mapping[0]!.hostID = 5;
  await bundle.output("chown -R 5:5 rootfs; chmod 711 .");
  expect(await bundle.sh("id -u; stat -c %u /dev")).toBe("1000\n1000\n");
  bundle.config.process.args = ["sleep", "1000"];
  expect(await bundle.output("rt run -d c; rt exec c id -u; rt delete -f c")).toBe("1000\n");
  await bundle.output("chown -R 0:0 rootfs");
});

test("features tells which annotations are more than words", async () => {
  expect(json(await bundle.output("rt features"))).toMatchObject({
    potentiallyUnsafeConfigAnnotations: expect.arrayContaining(["run.oci.keep_original_groups"]),
    linux: {
      seccomp: { archs: expect.arrayContaining(["SCMP_ARCH_X86_64"]), knownFlags: expect.any(Array) },
    },
  });
  expect(existsSync(join(bundle.directory, "state"))).toBe(false);
});
