/** What a container may do, and what it shares with the host. */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const run = (...args: string[]) => home.coracle("run", "--rm", "--network", "none", ...args);
/** The status of the first process, one field a line. */
const status = async (...args: string[]) =>
  Object.fromEntries(
    (await run(...args, "bb", "cat", "/proc/self/status")).stdout
      .split("\n")
      .map((line) => line.split(/:\s+/)),
  ) as Record<string, string>;

/** Podman's default: chown, dac_override, fowner, fsetid, kill, net_bind_service, setfcap, setgid, setpcap, setuid, sys_chroot. */
const DEFAULT = "00000000800405fb";
const NONE = "0000000000000000";

describe("capabilities", () => {
  test.each<[string, string[], Record<string, unknown>]>([
    ["of root", [], { CapEff: DEFAULT, CapPrm: DEFAULT, CapBnd: DEFAULT, CapInh: NONE, CapAmb: NONE }],
    ["of a user", ["-u", "guest"], { CapEff: NONE, CapPrm: NONE, CapBnd: DEFAULT, CapInh: NONE }],
    ["--cap-drop all", ["--cap-drop", "all"], { CapEff: NONE, CapBnd: NONE }],
    [
      "--cap-drop all --cap-add",
      ["--cap-drop", "ALL", "--cap-add", "CAP_NET_BIND_SERVICE"],
      { CapEff: "0000000000000400" },
    ],
    ["--cap-drop of some", ["--cap-drop", "chown,kill"], { CapEff: "00000000800405da" }],
    ["--cap-add in lower case", ["--cap-add", "sys_admin"], { CapEff: "00000000802405fb" }],
    [
      "--cap-add of a user is ambient",
      ["-u", "guest", "--cap-add", "net_raw"],
      { CapEff: "0000000000002000", CapAmb: "0000000000002000" },
    ],
    ["--privileged", ["--privileged"], { CapEff: expect.stringMatching(/^000001f{10}$/), Seccomp: "0" }],
  ])("%s", async (_name, args, expected) => {
    expect(await status(...args)).toMatchObject(expected);
  });

  test("of an unknown name are refused", async () => {
    const { exitCode, stderr } = await run("--cap-add", "nosuch", "bb", "true");
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/^Error: .*nosuch/i);
  });
});

describe("security options", () => {
  test.each<[string[], Record<string, string>]>([
    [[], { Seccomp: "2", NoNewPrivs: "0" }],
    [["--security-opt", "seccomp=unconfined"], { Seccomp: "0" }],
    [["--security-opt", "no-new-privileges"], { NoNewPrivs: "1", Seccomp: "2" }],
    [["--security-opt", "no-new-privileges:true"], { NoNewPrivs: "1" }],
  ])("%j", async (args, expected) => {
    expect(await status(...args)).toMatchObject(expected);
  });

  test("a seccomp profile of the user's holds", async () => {
    const file = join(home.env.HOME as string, "seccomp.json");
    const profile = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    };
    writeFileSync(file, JSON.stringify(profile));
    const result = await run("--security-opt", `seccomp=${file}`, "bb", "mkdir", "/x");
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/Operation not permitted/);
    writeFileSync(file, "{ not json");
    expect((await run("--security-opt", `seccomp=${file}`, "bb", "true")).stderr).toMatch(
      /^Error: .*seccomp.json.*\n$/,
    );
  });

  test("--seccomp-policy=image: the image's profile holds", async () => {
    const profile = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    };
    const image = async (name: string, text: string) => {
      await home.ok("create", "--name", name, "-l", `io.containers.seccomp.profile=${text}`, "bb");
      await home.ok("commit", "-q", name, name);
      await home.ok("rm", name);
    };
    await image("with-profile", JSON.stringify(profile));
    const policy = ["--seccomp-policy", "image"];
    expect(await run(...policy, "with-profile", "mkdir", "/x")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("Operation not permitted"),
    });
    expect((await run("with-profile", "mkdir", "/x")).exitCode).toBe(0);
    await image("bad-profile", "BAD");
    expect(await run(...policy, "bad-profile", "true")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("loading seccomp profile failed: decoding seccomp profile failed"),
    });
    expect(await run(...policy, "bb", "true")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^Error: no seccomp policy defined by image;/),
    });
  });

  test("parts of /proc and /sys are hidden or read-only", async () => {
    const script =
      "cat /proc/kcore | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | wc -l; echo 1 >/proc/sys/kernel/printk";
    const { stdout, stderr } = await run("bb", "sh", "-c", script);
    expect(stdout).toMatch(/^0\n/);
    expect(stderr).toMatch(/Read-only file system/);
  });
});

describe("limits and settings", () => {
  test("--oom-score-adj below the caller's own is told of", async () => {
    const { stdout, stderr } = await run("--oom-score-adj=-1000", "bb", "cat", "/proc/self/oom_score_adj");
    const own = readFileSync("/proc/self/oom_score_adj", "utf8");
    expect(stdout).toBe(own);
    const text = `Requested oom_score_adj=-1000 is lower than the current one, changing to ${own.trim()}`;
    expect(stderr).toContain(`level=warning msg="${text}"`);
  });

  test.each([
    [["--ulimit", "nofile=100:200"], "ulimit -n; ulimit -Hn", "100\n200\n"],
    [["--ulimit", "core=0"], "ulimit -c", "0\n"],
    [["--shm-size", "1m"], "df /dev/shm | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2", "1024\n"],
    [["--sysctl", "net.ipv4.ip_forward=1"], "cat /proc/sys/net/ipv4/ip_forward", "1\n"],
    [["--sysctl", "kernel.shmmax=12345678"], "cat /proc/sys/kernel/shmmax", "12345678\n"],
    [["--umask", "0077"], "umask", "0077\n"],
    [["--oom-score-adj", "500"], "cat /proc/self/oom_score_adj", "500\n"],
    [["--hostname", "box"], "hostname; cat /etc/hostname", "box\nbox\n"],
    [["--device", "/dev/zero:/dev/nothing"], "head -c 3 /dev/nothing | wc -c", "3\n"],
  ])("%j", async (args, script, stdout) => {
    expect(await run(...args, "bb", "sh", "-c", script)).toMatchObject({ exitCode: 0, stdout, stderr: "" });
  });

  test.each([
    [["--sysctl", "kernel.core_pattern=x"], /kernel.core_pattern/],
    [["--ulimit", "nosuch=1"], /nosuch/],
    [["--shm-size", "much"], /much/],
    [["--umask", "9"], /9/],
    [["--device", "/dev/nosuch"], /\/dev\/nosuch/],
  ])("%j is refused", async (args, message) => {
    const result = await run(...args, "bb", "true");
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*\n$/);
    expect(result.stderr).toMatch(message);
  });

  test("the container's own devices are all there is", async () => {
    const { stdout } = await run("bb", "ls", "/dev");
    const links = ["core", "fd", "ptmx", "stderr", "stdin", "stdout"];
    const nodes = ["full", "mqueue", "null", "pts", "random", "shm", "tty", "urandom", "zero"];
    expect(stdout.trim().split("\n")).toEqual([...links, ...nodes].sort());
  });
});

describe("namespaces", () => {
  const namespace = async (name: string, ...args: string[]) =>
    (await run(...args, "bb", "readlink", `/proc/self/ns/${name}`)).stdout.trim();
  const own = (name: string) => readlinkSync(`/proc/self/ns/${name}`);

  test.each(["pid", "ipc", "uts", "cgroup", "mnt", "net"])("%s is private", async (name) => {
    expect(await namespace(name)).not.toBe(own(name));
  });

  test.each([
    ["pid", ["--pid", "host"]],
    ["ipc", ["--ipc", "host"]],
    ["uts", ["--uts", "host"]],
  ])("%s is shared with --%s=host", async (name, args) => {
    expect(await namespace(name, ...args)).toBe(own(name));
  });

  test("net is shared with --network=host", async () => {
    const { stdout } = await home.coracle(
      "run",
      "--rm",
      "--network",
      "host",
      "bb",
      "readlink",
      "/proc/self/ns/net",
    );
    expect(stdout.trim()).toBe(own("net"));
  });

  test("--pid=host shows the host's processes, a private one the container's only", async () => {
    expect((await run("--pid", "host", "bb", "test", "-e", `/proc/${process.pid}`)).exitCode).toBe(0);
    expect((await run("bb", "sh", "-c", "echo /proc/[0-9]*; echo $$")).stdout).toBe("/proc/1\n1\n");
  });

  test("of another container are joined", async () => {
    const id = await home.ok(
      "run",
      "-d",
      "--name",
      "first",
      "--network",
      "none",
      "--ipc",
      "shareable",
      "-h",
      "shared",
      "bb",
      "sleep",
      "1000",
    );
    const read = (name: string) => home.ok("exec", id, "readlink", `/proc/self/ns/${name}`);
    for (const name of ["pid", "ipc", "uts"]) {
      expect(await namespace(name, `--${name}=container:first`)).toBe(await read(name));
    }
    const joined = await home.coracle(
      "run",
      "--rm",
      "--network",
      "container:first",
      "bb",
      "readlink",
      "/proc/self/ns/net",
    );
    expect(joined.stdout.trim()).toBe(await read("net"));
    await home.ok("stop", "-t", "0", "first");
    // One that has ended is started again for it, as with --requires.
    expect(await run("--pid=container:first", "bb", "true")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await home.ok("ps", "--format", "{{.Names}}")).toBe("first");
    await home.ok("rm", "-f", "-t", "0", "first");
  });
});

describe.each(["crun", "runc"])("--runtime %s", (runtime) => {
  test("runs, execs, stops, logs, and tells what is not found", async (context) => {
    context.skip(
      !existsSync(`/usr/bin/${runtime}`) && !existsSync(`/usr/sbin/${runtime}`),
      `${runtime} is not installed`,
    );
    const { exitCode, stdout, stderr } = await run(
      "--runtime",
      runtime,
      "bb",
      "sh",
      "-c",
      "echo out; echo err >&2; exit 7",
    );
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 7, stdout: "out\n", stderr: "err\n" });
    const missing = await run("--runtime", runtime, "bb", "nosuch");
    expect(missing.exitCode).toBe(127);
    expect(missing.stderr).toMatch(/^Error: .*nosuch.*\n$/);
    expect(missing.stderr).not.toContain("level=");
    expect(await run("--runtime", runtime, "bb", "/etc")).toMatchObject({ exitCode: 126 });
    await home.ok(
      "--runtime",
      runtime,
      "run",
      "-d",
      "--name",
      runtime,
      "--network",
      "none",
      "bb",
      "sh",
      "-c",
      "echo started; trap 'exit 5' TERM; while :; do sleep 0.05; done",
    );
    expect(
      await home.coracle("exec", "-u", "guest", "-w", "/tmp", runtime, "sh", "-c", "id -un; pwd; exit 4"),
    ).toMatchObject({
      exitCode: 4,
      stdout: "guest\n/tmp\n",
    });
    expect(await home.coracle("exec", runtime, "nosuch")).toMatchObject({ exitCode: 127 });
    await home.ok("pause", runtime);
    await home.ok("unpause", runtime);
    await home.ok("stop", runtime);
    expect(await home.ok("inspect", "-f", "{{.State.ExitCode}} {{.OCIRuntime}}", runtime)).toMatch(
      new RegExp(`^5 .*${runtime}$`),
    );
    expect(await home.ok("logs", runtime)).toBe("started");
    await home.ok("rm", runtime);
  });

  test("with a terminal", async (context) => {
    context.skip(
      !existsSync(`/usr/bin/${runtime}`) && !existsSync(`/usr/sbin/${runtime}`),
      `${runtime} is not installed`,
    );
    expect((await run("--runtime", runtime, "-t", "bb", "sh", "-c", "test -t 0 && tty")).stdout).toMatch(
      /^\/dev\/pts\/0\r\n$/,
    );
  });
});

test("the seccomp filter in place is the one that was asked for, not an older compiled one", async () => {
  const file = join(home.env.HOME as string, "changing.json");
  const profile = (name: string) => ({
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: [name], action: "SCMP_ACT_ERRNO" }],
  });
  for (const [name, command] of [
    ["mkdir", "mkdir"],
    ["symlink", "ln -s x"],
  ] as const) {
    writeFileSync(file, JSON.stringify(profile(name)));
    const { stdout } = await run(
      "--security-opt",
      `seccomp=${file}`,
      "bb",
      "sh",
      "-c",
      `mkdir /a && echo mkdir; ln -s x /b && echo ln; true`,
    );
    expect(stdout).toBe(command === "mkdir" ? "ln\n" : "mkdir\n");
  }
  expect(readFileSync(file, "utf8")).toContain("symlink");
});
