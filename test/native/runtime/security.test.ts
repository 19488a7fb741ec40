/** Replays of known attacks on container runtimes. What must not be touched lies in a sentinel directory of the host. */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { hasCgroup, hasProgram, skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace, program, Sentinel, statusFields } from "./bundle.ts";

let bundle: Bundle;
let sentinel: Sentinel;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
  sentinel = new Sentinel(bundle);
});

const expectUntouched = () => {
  expect(sentinel.contents()).toBe("untouched");
  expect(readdirSync(sentinel.directory)).toEqual(["file"]);
};

/** Replaces what is there by a link. */
function plant(path: string, target: string): void {
  rmSync(bundle.inRootfs(path), { recursive: true, force: true });
  symlinkSync(target, bundle.inRootfs(path));
}

describe("our own executable", () => {
  test("can't be overwritten through /proc/PID/exe (CVE-2019-5736)", async () => {
    const copy = bundle.outside("coracle-runtime");
    copyFileSync(program, copy);
    const digest = () => createHash("sha256").update(readFileSync(copy)).digest("hex");
    const before = digest();
    writeFileSync(bundle.inRootfs("bin/self"), "#!/proc/self/exe\n", { mode: 0o755 });
    // What runs can't be written. But who has opened it to read it can once it has ended; one at hand may trace it, too.
    writeFileSync(
      bundle.inRootfs("bin/attack"),
      `while :; do for exe in /proc/[0-9]*/exe; do
        [ "$(readlink $exe)" = /bin/busybox ] || {
          for i in 1 2 3 4 5 6 7 8; do (echo overwritten >/proc/self/fd/3) && readlink /proc/self/fd/3 && break; done
        } 3<$exe
      done; done 2>/dev/null\n`,
    );
    for (const set of ["bounding", "effective", "permitted"])
      bundle.config.process.capabilities[set] = [
        ...bundle.config.process.capabilities[set],
        "CAP_SYS_PTRACE",
      ];
    bundle.config.process.args = ["sh", "/bin/attack"];
    // The attacker takes all of a processor: with sanitizers and on a busy machine as often as 30 seconds allow.
    const { stdout } = await bundle.script(
      `program='${copy}'; rt run -d c >hits; end=$(($(date +%s) + 30))
      for i in $(seq 40); do [ $(date +%s) -lt $end ] || break; rt exec c /proc/self/exe; rt exec c self; done >/dev/null 2>&1
      rt delete -f c; cat hits`,
      { timeout: 58_000 },
    );
    expect(digest()).toBe(before);
    // Its own busybox is the container's to destroy.
    expect(stdout.split("\n").filter((line) => line && !line.startsWith("/bin/busybox"))).toEqual([]);
  });

  test("is not what runs: a copy out of reach is", async () => {
    const copy = bundle.outside("coracle-runtime");
    copyFileSync(program, copy);
    bundle.config.process.args = ["true"];
    // Held open for reading, what was busy can be opened for writing once its process has ended.
    const { stdout } = await bundle.script(`
      program='${copy}'; rt create c; init=$(rt state c | sed -n 's/.*"pid": \\([0-9]*\\).*/\\1/p')
      exec 7</proc/$init/exe; cmp /proc/self/fd/7 '${copy}' && echo same
      rt delete -f c; (: >>/proc/self/fd/7) 2>&1 || true`);
    expect(stdout).toMatch(/^same\n.*(Read-only file system|Operation not permitted)/);
  });

  test("a process that joins shows no descriptor of the host (CVE-2016-9962)", async () => {
    writeFileSync(
      bundle.inRootfs("bin/spy"),
      "while :; do for fd in /proc/[0-9]*/fd/* /proc/[0-9]*/root /proc/[0-9]*/cwd; do readlink $fd; done; done 2>/dev/null\n",
    );
    bundle.config.process.args = ["sh", "/bin/spy"];
    // A hundred times, or as often as 15 seconds allow: with sanitizers and on a busy machine it takes its time.
    const { stdout } = await bundle.script(`
      rt run -d c >seen; end=$(($(date +%s) + 15))
      for i in $(seq 100); do [ $(date +%s) -lt $end ] || break; rt exec c true; done
      rt delete -f c; sort -u seen`);
    const seen = stdout.split("\n").filter((line) => line.startsWith("/") && line !== bundle.outside("seen"));
    expect(seen.filter((path) => !/^\/($|bin|dev|proc)/.test(path))).toEqual([]);
    expect(seen).toContain("/");
  });
});

test("a process that joins has nothing of the host for a container that may trace", async (context) => {
  skipUnless(context, hasProgram("strace"));
  for (const set of ["bounding", "effective", "permitted"])
    bundle.config.process.capabilities[set] = [...bundle.config.process.capabilities[set], "CAP_SYS_PTRACE"];
  writeFileSync(
    bundle.inRootfs("bin/spy"),
    `while :; do for p in /proc/[0-9]*; do
      [ $p = /proc/1 ] && continue
      tr '\\0' '\\n' <$p/environ; for fd in $p/fd/*; do readlink $fd; ls -d $fd/sentinel/file $fd$0 $fd/[0-9]*/root$0; done
    done; done 2>/dev/null\n`,
  );
  copyFileSync("/bin/busybox", bundle.inRootfs("bin/tr"));
  bundle.config.process.args = ["sh", "-c", ". /bin/spy", `${sentinel.directory}/file`];
  // Held up at its first calls it is seen, at the latest when it comes again.
  const slow =
    "strace -f -o /dev/null -e trace=close_range,setsid -e inject=close_range,setsid:delay_enter=300000";
  const { stdout } = await bundle.script(
    `rt run -d c >seen; exec 7<. 8<sentinel/file; export HOSTSECRET=s3cret
    enter() { ${slow} "$program" --root "$state" exec c true; }
    for i in 1 2 3; do enter; done; until grep -qE '^(socket|pipe):' seen; do enter; done
    rt delete -f c; sort -u seen`,
  );
  expect(stdout).not.toContain("sentinel");
  expect(stdout).not.toContain("s3cret");
  // It has seen something.
  expect(stdout).toMatch(/^(socket|pipe):/m);
});

test("nobody gets the caller's session keyring, neither init nor who joins", async (context) => {
  skipUnless(context, hasProgram("python3"));
  const withKey = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
keyctl, add_key = (250, 248) if os.uname().machine == "x86_64" else (219, 217)
libc.syscall(keyctl, 1, b"caller")
key = libc.syscall(add_key, b"user", b"ticket-of-the-caller", b"secret", 6, -3)
# For who possesses it only.
if key < 0 or libc.syscall(keyctl, 5, key, 0x3f000000) < 0: sys.exit(99)
os.execvp("sh", ["sh", "-c", sys.argv[1], "sh", *sys.argv[2:]])
`;
  writeFileSync(bundle.outside("with-key.py"), withKey);
  bundle.config.process.args = ["sh", "-c", "cat /proc/keys; sleep 1000"];
  const tries = `
    grep -c ticket-of /proc/keys; "$1" --root "$2" run -d c >first
    "$1" --root "$2" exec c cat /proc/keys >second; "$1" --root "$2" delete -f c
    "$1" --root "$2" run -d --no-new-keyring c >fourth; "$1" --root "$2" exec c cat /proc/keys >third; "$1" --root "$2" delete -f c
    grep -c ticket-of first second third; cat second`;
  const { exitCode, stdout } = await bundle.script(
    `python3 with-key.py '${tries.replaceAll("'", "'\\''")}' "$program" "$state"`,
  );
  context.skip(exitCode === 99, "this kernel, or what surrounds us, has no keyrings");
  expect(stdout).toMatch(/^1\nfirst:0\nsecond:0\nthird:1\n/);
  // And it has one that its container's first process, or another container of the user's, can't get at.
  const rings = stdout.split("\n").filter((line) => line.includes("keyring") && !line.includes("caller"));
  expect(rings).toEqual([expect.stringMatching(/ 3f000000 .* _ses/)]);
});

/** Looks into the process that is about to execute the container's program, with its capabilities or more. */
const ONLOOKER = `
import array, fcntl, json, socket, struct, subprocess
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind("agent.sock"); listener.listen(1)
connection, _ = listener.accept()
state, control, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(4))
notify = array.array("i", control[0][2])[0]
request = bytearray(80)
fcntl.ioctl(notify, 0xc0502100, request)
for name in "comm", "exe":
    print(name, flush=True)
    subprocess.run(["setpriv", "--bounding-set", "-sys_ptrace", "head", "-c", "4", f"/proc/{json.loads(state)['pid']}/{name}"])
fcntl.ioctl(notify, 0xc0182101, request[:8] + struct.pack("qiI", 0, 0, 1))
`;

test("nobody without CAP_SYS_PTRACE can look into the runtime before it executes the program", async (context) => {
  skipUnless(context, hasProgram("python3"), hasProgram("setpriv"));
  writeFileSync(bundle.outside("onlooker.py"), ONLOOKER);
  bundle.config.linux.seccomp = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["execve"], action: "SCMP_ACT_NOTIFY" }],
    listenerPath: bundle.outside("agent.sock"),
  };
  bundle.config.process.args = ["true"];
  const { stdout } = await bundle.script(
    "python3 onlooker.py >seen 2>&1 & while [ ! -e agent.sock ]; do sleep 0.01; done; rt run c; echo $?; wait; cat seen",
  );
  expect(stdout).toMatch(/^0\ncomm\ncora.*exe\n.*Permission denied/s);
});

describe("the working directory", () => {
  const descriptors = Array.from({ length: 29 }, (_, i) => i + 3);

  test("can't be a leaked descriptor of the host (CVE-2024-21626)", async () => {
    for (const fd of descriptors) {
      bundle.config.process.cwd = `/proc/self/fd/${fd}`;
      const { exitCode, stdout } = await bundle.run(["sh", "-c", "ls; ls .."]);
      // 127 where there is no such descriptor.
      expect([1, 127], `descriptor ${fd}`).toContain(exitCode);
      expect(stdout, `descriptor ${fd}`).toBe("");
    }
  });

  test("nor can the program be reached through one", async () => {
    copyFileSync("/bin/busybox", bundle.outside("echo"));
    for (const fd of descriptors) {
      const { stdout } = await bundle.run([`/proc/self/fd/${fd}/echo`, "escaped"]);
      expect(stdout, `descriptor ${fd}`).toBe("");
    }
  });

  test("nor that of an exec'ed process", async () => {
    bundle.config.process.args = ["sleep", "1000"];
    const { stdout } = await bundle.script(
      `
      rt run -d c
      for fd in ${descriptors.join(" ")}; do rt exec --cwd /proc/self/fd/$fd c ls 2>/dev/null; echo $?; done
      rt delete -f c`,
      { timeout: 58_000 },
    );
    // 127 where there is no such descriptor; never 0, and nothing listed.
    expect(stdout).toMatch(/^((255|127)\n)+$/);
    expect(stdout.trim().split("\n")).toHaveLength(descriptors.length);
  });
});

describe("links of the image", () => {
  test.each(["proc", "sys"])("/%s can't lead somewhere else (CVE-2019-19921)", async (name) => {
    mkdirSync(bundle.inRootfs("out"));
    plant(name, "/out");
    if (name === "sys")
      bundle.mount({ destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"] });
    expect(await bundle.refusal(["true"])).toMatch(
      new RegExp(`mount point /${name}.*(symbolic links|Not a dir)`),
    );
    expect(readdirSync(bundle.inRootfs("out"))).toEqual([]);
  });

  test("/proc can't be covered by anything but procfs (CVE-2023-27561)", async () => {
    bundle.mount({ destination: "/proc", type: "bind", source: sentinel.directory, options: ["rbind"] });
    expect(await bundle.refusal(["true"])).toMatch(/only a procfs may be mounted at \/proc/);
    bundle.withoutMount("/proc").mount({ destination: "/./proc//", type: "tmpfs", source: "tmpfs" });
    expect(await bundle.refusal(["true"])).toMatch(/only a procfs may be mounted at \/proc/);
    bundle.withoutMount("/./proc//");
    bundle.mount({ destination: "/proc", type: "proc", source: "proc" });
    bundle.mount({ destination: "/proc/self/attr", type: "tmpfs", source: "tmpfs" });
    expect(await bundle.refusal(["true"])).toMatch(/may not cover this part of \/proc/);
  });

  test("/dev/null can't redirect what masks a path (CVE-2025-31133)", async () => {
    bundle.withoutMount("/dev").withoutMount("/dev/pts");
    plant("dev/null", "/secret");
    writeFileSync(bundle.inRootfs("secret"), "secret");
    bundle.config.linux.maskedPaths = ["/proc/keys"];
    expect(await bundle.run(["cat", "/proc/keys"])).toMatchObject({ exitCode: 0, stdout: "" });
    // Nor in a /dev that comes from elsewhere, where nothing is put right.
    const dev = bundle.outside("dev");
    mkdirSync(dev);
    symlinkSync("/secret", join(dev, "null"));
    bundle.mount({ destination: "/dev", type: "bind", source: dev, options: ["rbind"] });
    expect(await bundle.run(["cat", "/proc/keys"])).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("/dev can't lead out (CVE-2026-41579, CVE-2026-47766)", async () => {
    bundle.withoutMount("/dev").withoutMount("/dev/pts");
    plant("dev", sentinel.directory);
    expect(await bundle.refusal(["true"])).toMatch(/\/dev in the rootfs/);
    plant("dev", "/tmp");
    expect(await bundle.refusal(["true"])).toMatch(/\/dev in the rootfs/);
    expect(readdirSync(bundle.inRootfs("tmp"))).toEqual([]);
    expectUntouched();
  });

  test("mount points are made inside the rootfs whatever links say (CVE-2024-45310)", async () => {
    plant("link", sentinel.directory);
    plant("up", "../../../../../../../../../../tmp/out-of-here");
    bundle.mount({ destination: "/link/made", type: "tmpfs", source: "tmpfs" });
    bundle.mount({ destination: "/up/made", type: "tmpfs", source: "tmpfs" });
    bundle.config.process.cwd = "/link/cwd";
    await bundle.sh("pwd");
    expectUntouched();
    expect(existsSync("/tmp/out-of-here")).toBe(false);
    expect(existsSync(join(bundle.rootfs, sentinel.directory, "made"))).toBe(true);
  });

  test("passwd is read without following it or waiting for it (CVE-2024-9676)", async () => {
    for (const target of ["/dev/zero", "/proc/kcore", sentinel.directory]) {
      plant("etc/passwd", target);
      expect(await bundle.sh("echo $HOME")).toBe("/root\n");
    }
    rmSync(bundle.inRootfs("etc/passwd"));
    bundle.config.process.args = ["true"];
    expect(await bundle.output("mkfifo rootfs/etc/passwd; rt run c; echo ok")).toBe("ok\n");
  });
});

const SWAPPER = `
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
first, second = (path.encode() for path in sys.argv[1:])
print("swapping", flush=True)
while True:
    libc.renameat2(-100, first, -100, second, 2)
`;

test("swapping a directory and a link while mounting leads nowhere (CVE-2021-30465)", async (context) => {
  skipUnless(context, hasProgram("python3"));
  const volume = bundle.outside("volume");
  mkdirSync(join(volume, "sub/deep"), { recursive: true });
  symlinkSync("../".repeat(20) + sentinel.directory, join(volume, "link"));
  writeFileSync(bundle.outside("swap.py"), SWAPPER);
  bundle.mount({ destination: "/v", type: "bind", source: volume, options: ["rbind"] });
  bundle.mount({ destination: "/v/sub/new/point", type: "tmpfs", source: "tmpfs" });
  bundle.mount({ destination: "/v/sub/file", type: "bind", source: "/etc/hostname", options: ["bind"] });
  const { stdout } = await bundle.script(
    `python3 swap.py volume/sub volume/link >/dev/null & swapper=$!
     end=$(($(date +%s) + 25))
     for i in $(seq 300); do [ $(date +%s) -lt $end ] || break; rt run c 2>/dev/null && echo ran; done; kill $swapper; grep -c sentinel /proc/self/mountinfo`,
    { timeout: 50_000 },
  );
  expectUntouched();
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("0");
  expect(stdout).toContain("ran");
});

describe("terminals", () => {
  const WITH_CONSOLE = `
import array, os, socket, subprocess, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind("console.sock"); listener.listen(1)
process = subprocess.Popen(sys.argv[1:] + ["--console-socket", "console.sock", "c"])
connection, _ = listener.accept()
_, control, _, _ = connection.recvmsg(64, socket.CMSG_SPACE(4))
if not control:
    sys.exit(process.wait())
master = array.array("i", control[0][2])[0]
output = b""
try:
    while True:
        data = os.read(master, 4096)
        if not data: break
        output += data
except OSError: pass
code = process.wait()
sys.stdout.write(output.decode().replace("\\r", ""))
sys.exit(code)
`;
  const onTerminal = (args: string[]) => {
    writeFileSync(bundle.outside("console.py"), WITH_CONSOLE);
    Object.assign(bundle.config.process, { terminal: true, args, consoleSize: { height: 33, width: 77 } });
    return bundle.script('python3 console.py "$program" --root "$state" run');
  };

  test("come from the container's own devpts", async (context) => {
    skipUnless(context, hasProgram("python3"));
    const script = "tty; stat -c '%t' /dev/console; stty size; grep -c ' /dev/console ' /proc/self/mountinfo";
    expect(await onTerminal(["sh", "-c", script])).toMatchObject({
      exitCode: 0,
      stdout: "/dev/pts/0\n88\n33 77\n1\n",
    });
  });

  test("/dev/console can't lead elsewhere (CVE-2025-52565)", async (context) => {
    skipUnless(context, hasProgram("python3"));
    bundle.withoutMount("/dev").withoutMount("/dev/pts");
    bundle.mount({
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["newinstance", "ptmxmode=0666"],
    });
    writeFileSync(bundle.inRootfs("target"), "");
    plant("dev/console", "/target");
    const { stderr } = await onTerminal(["true"]);
    expect(stderr).toMatch(/\/dev\/console of the rootfs is a symbolic link/);
  });

  test("of the caller are out of reach: no controlling terminal, a session of one's own (TIOCSTI)", async (context) => {
    skipUnless(context, hasProgram("script"));
    bundle.config.process.args = ["sh", "-c", "cut -d ' ' -f 6,7 /proc/1/stat; (: </dev/tty) 2>&1 || true"];
    const { stdout } = await bundle.script('script -qec "$program --root $state run c" /dev/null');
    expect(stdout).toMatch(/^1 0\r?\n.*(No such device|can't open)/);
  });

  test("without a console socket are refused", async () => {
    bundle.config.process.terminal = true;
    expect((await bundle.script("rt create c")).stderr).toMatch(/pass --console-socket/);
  });
});

describe("credentials", () => {
  test("exec gives no inheritable capabilities (CVE-2022-29162)", async () => {
    bundle.config.process.args = ["sleep", "1000"];
    const out = await bundle.output(
      "rt run -d c; rt exec --cap CAP_NET_RAW c cat /proc/self/status; rt delete -f c",
    );
    expect(statusFields(out)).toMatchObject({ CapInh: "0000000000000000", CapAmb: "0000000000000000" });
    expect(BigInt(`0x${statusFields(out).CapEff}`) & (1n << 13n)).not.toBe(0n);
  });

  test("exec --user takes ids as they are, or not at all (CVE-2026-30892)", async () => {
    bundle.config.process.args = ["sleep", "1000"];
    const users = [
      "1",
      "1:2",
      "1:",
      ":2",
      "+0",
      "-1",
      "4294967295",
      "4294967296",
      "1x",
      "0x1",
      "",
      " 1",
      "root",
      "1:2:3",
    ];
    const { stdout } = await bundle.script(`
      rt run -d c; for user in ${users.map((user) => `'${user}'`).join(" ")}; do
        rt exec --user "$user" c sh -c 'echo $(id -u):$(id -g)' 2>/dev/null || echo refused; done; rt delete -f c`);
    expect(stdout.trimEnd().split("\n")).toEqual(["1:0", "1:2", ...Array(users.length - 2).fill("refused")]);
  });

  test("cgroups of the user can't be made from a container without a cgroup namespace (CVE-2023-25809)", async (context) => {
    skipUnless(context, hasCgroup());
    bundle.withoutNamespace("cgroup").withoutNamespace("network");
    bundle.mount({ destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid"] });
    expect(
      await bundle.sh(
        "find=$(ls -d /sys/fs/cgroup/*/); for d in /sys/fs/cgroup $find; do mkdir $d/x 2>/dev/null && echo $d; done; true",
      ),
    ).toBe("");
  });
});

test("a state directory that others can write to is refused", async () => {
  mkdirSync(bundle.state);
  const { stderr } = await bundle.script(
    'chmod 777 "$state"; rt run c; rt state c; rt exec c true; chmod 700 "$state"',
  );
  expect(stderr.match(/can be written by others/g)).toHaveLength(3);
});

describe("the start gate", () => {
  test("opens to the right word only", async (context) => {
    skipUnless(context, hasProgram("python3"));
    const frames = `
import os, socket, sys
for size in (0, 1, 4, 1072, 4096):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        try:
            s.connect(sys.argv[1]); s.send(os.urandom(size))
        except OSError: pass
`;
    writeFileSync(bundle.outside("frames.py"), frames);
    bundle.config.process.args = ["sh", "-c", "echo ran"];
    const { stdout } = await bundle.script(
      'rt create c; cd "$state/c"; python3 "$OLDPWD/frames.py" start; sleep 0.2; cd "$OLDPWD"; rt delete -f c; echo end',
    );
    expect(stdout).toBe("end\n");
  });
});

/** An x86-64 program that calls mkdir("/i386") through the 32-bit interface and exits with its error number. */
function compatProgram(): Buffer {
  const base = 0x400000;
  const code = Buffer.from([
    0xb8, 39, 0, 0, 0, 0xbb, 0, 0, 0, 0, 0xb9, 0xed, 1, 0, 0, 0xcd, 0x80, 0xf7, 0xd8, 0x89, 0xc3, 0xb8, 1, 0,
    0, 0, 0xcd, 0x80,
  ]);
  const header = Buffer.alloc(120);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(base + 120), 24);
  header.writeBigUInt64LE(64n, 32);
  for (const [offset, value] of [
    [52, 64],
    [54, 56],
    [56, 1],
  ] as const)
    header.writeUInt16LE(value, offset);
  const size = BigInt(120 + code.length + 6);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  header.writeBigUInt64LE(BigInt(base), 80);
  header.writeBigUInt64LE(BigInt(base), 88);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(0x1000n, 112);
  code.writeUInt32LE(base + 120 + code.length, 6);
  return Buffer.concat([header, code, Buffer.from("/i386\0")]);
}

test("seccomp can't be passed by through the 32-bit system calls", async (context) => {
  skipUnless(context, process.arch === "x64" ? undefined : "an attack of x86-64");
  writeFileSync(bundle.inRootfs("bin/compat"), compatProgram(), { mode: 0o755 });
  const attack = await bundle.run(["compat"]);
  context.skip(attack.exitCode === 128 + 11, "this kernel has no 32-bit system calls");
  expect(attack, "the attack itself").toMatchObject({ exitCode: 0 });
  expect(existsSync(bundle.inRootfs("i386"))).toBe(true);
  renameSync(bundle.inRootfs("i386"), bundle.inRootfs("made"));
  const rule = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 };
  bundle.config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] };
  expect(await bundle.run(["compat"])).toMatchObject({ exitCode: 128 + 31 });
  bundle.config.linux.seccomp.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
  expect(await bundle.run(["compat"])).toMatchObject({ exitCode: 28 });
  expect(existsSync(bundle.inRootfs("i386"))).toBe(false);
});
