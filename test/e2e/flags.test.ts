/** Flags that are easily taken and forgotten: each of them does what it says. */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const path = (name: string) => join(home.env.HOME as string, name);
const create = (...args: string[]) => home.ok("create", "--network", "none", ...args);

afterAll(async () => {
  await home.coracle("rm", "-a", "-f", "-t", "0", "-v");
});

test("inspect --size measures containers", async () => {
  const id = await create("bb", "dd", "if=/dev/zero", "of=/f", "bs=1k", "count=100");
  await home.ok("start", "-a", id);
  const [plain] = JSON.parse(await home.ok("inspect", id));
  expect(plain).not.toHaveProperty("SizeRw");
  for (const command of [["inspect"], ["container", "inspect"]]) {
    const [sized] = JSON.parse(await home.ok(...command, "--size", id));
    // With /etc/mtab, a link.
    expect(sized.SizeRw).toBe(102_400 + "/proc/mounts".length);
    expect(sized.SizeRootFs).toBeGreaterThan(1_000_000);
  }
});

test("ps --sort size puts the largest last", async () => {
  const small = await create("bb", "true");
  const large = await create("bb", "dd", "if=/dev/zero", "of=/f", "bs=1k", "count=500");
  await home.ok("start", "-a", large);
  const ids = (await home.ok("ps", "-aq", "--no-trunc", "--sort", "size")).split("\n");
  expect(ids.indexOf(small)).toBeLessThan(ids.indexOf(large));
  expect(ids.at(-1)).toBe(large);
});

test("rm --depend takes along what joins the container's namespaces, and what joins theirs", async () => {
  const first = await create("--name", "first", "bb", "true");
  const second = await home.ok("create", "--network", "container:first", "bb", "true");
  const third = await home.ok("create", "--network", "none", "--pid", `container:${second}`, "bb", "true");
  const other = await create("bb", "true");
  expect((await home.ok("rm", "--depend", "first")).split("\n").sort()).toEqual(
    ["first", second, third].sort(),
  );
  const left = await home.ok("ps", "-aq", "--no-trunc");
  for (const id of [first, second, third]) expect(left).not.toContain(id);
  expect(left).toContain(other);
});

test("whose namespaces are the host's has no others to join", async () => {
  const flags = (mode: string) =>
    ["network", "pid", "ipc", "uts", "cgroupns"].map((one) => `--${one}=${mode}`);
  const first = await home.ok("create", ...flags("host"), "bb", "true");
  const files = ["net", "pid", "ipc", "uts", "cgroup"].map((one) => `/proc/self/ns/${one}`);
  const script = `for file in ${files.join(" ")}; do readlink $file; done`;
  const second = await home.ok("create", ...flags(`container:${first}`), "bb", "sh", "-c", script);
  const format = "{{.HostConfig.NetworkMode}} {{.HostConfig.PidMode}} {{len .Dependencies}}";
  expect(await home.ok("inspect", "-f", format, second)).toBe("host host 0");
  const own = files.map((file) => readlinkSync(file));
  expect((await home.ok("start", "-a", second)).split("\n")).toEqual(own);
  await home.ok("rm", first, second);
});

test.each([
  ["rm", "--force option must be specified to use the --time option"],
  ["volume rm", "--force option must be specified to use the --time option"],
])("%s --time without --force is refused", async (command, message) => {
  expect(await home.coracle(...command.split(" "), "-t", "1", "x")).toMatchObject({
    exitCode: 125,
    stderr: `Error: ${message}\n`,
  });
});

test("stop with more seconds than a timer can wait waits for the container", async () => {
  const id = await home.ok(
    ...[
      "run",
      "-d",
      "--network",
      "none",
      "bb",
      "sh",
      "-c",
      'trap "sleep 0.3; exit 5" TERM; while :; do sleep 0.02; done',
    ],
  );
  await home.ok("stop", "-t", "3000000", id);
  expect(await home.ok("inspect", "-f", "{{.State.ExitCode}}", id)).toBe("5");
});

test("--cidfile and --pidfile name what can't be written, and nothing stays or runs", async () => {
  const before = await home.ok("ps", "-aq");
  for (const flag of ["--cidfile", "--pidfile"]) {
    const file = join(path("nowhere"), "file");
    const { exitCode, stderr } = await home.coracle(
      "run",
      "--rm",
      "--network",
      "none",
      flag,
      file,
      "bb",
      "true",
    );
    expect(exitCode).toBe(flag === "--cidfile" ? 125 : 126);
    const text = flag === "--cidfile" ? "creating idfile: open" : "cannot write";
    expect(stderr).toMatch(new RegExp(`^Error: ${text} ${file}: `));
  }
  expect(await home.ok("ps", "-aq")).toBe(before);
  const id = await home.ok("run", "-d", "--network", "none", "--pidfile", path("pid"), "bb", "sleep", "1000");
  expect(readFileSync(path("pid"), "utf8")).toBe(await home.ok("inspect", "-f", "{{.State.Pid}}", id));
});

test("--cidfile goes with its container, unless it tells of another", async () => {
  const args = ["--network", "none", "--cidfile", path("cid"), "bb", "true"];
  await home.ok("run", "--rm", ...args);
  expect(existsSync(path("cid"))).toBe(false);
  const id = await home.ok("create", ...args);
  expect(readFileSync(path("cid"), "utf8")).toBe(id);
  writeFileSync(path("cid"), "another");
  await home.ok("rm", id);
  expect(readFileSync(path("cid"), "utf8")).toBe("another");
});

test.each([
  [["--uts", "host", "--hostname", "other"], /cannot set hostname .* host UTS namespace/],
  [["--workdir", "relative"], /working directory "relative" is not an absolute path/],
  [["--name", "two\nlines"], /names must match .*; "two\\nlines" does not/],
])("run %j says in one line why it can't be", async (flags, reason) => {
  const { exitCode, stderr } = await home.coracle("run", "--rm", "--network", "none", ...flags, "bb", "true");
  expect(exitCode).toBe(125);
  expect(stderr).toMatch(/^Error: .*\n$/);
  expect(stderr).toMatch(reason);
});

test("--dns=none leaves the image's resolv.conf alone, --add-host takes several names", async () => {
  const run = (...args: string[]) => home.ok("run", "--rm", ...args);
  expect(await run("--dns", "none", "bb", "sh", "-c", "mount | grep -c resolv.conf || true")).toBe("0");
  expect(await run("--add-host", "a;b:10.1.2.3", "bb", "cat", "/etc/hosts")).toContain("10.1.2.3\ta b\n");
});

test("--cgroup-manager: disabled gives no cgroup, systemd must be there", async () => {
  const id = await home.ok(
    "--cgroup-manager",
    "disabled",
    "run",
    "-d",
    "--network",
    "none",
    "bb",
    "sleep",
    "1000",
  );
  expect(await home.ok("inspect", "-f", "{{.State.CgroupPath}}", id)).toBe("");
  const limited = [
    "--cgroup-manager",
    "disabled",
    "run",
    "--rm",
    "--network",
    "none",
    "-m",
    "10m",
    "bb",
    "true",
  ];
  expect(await home.coracle(...limited)).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(
      / level=warning msg="Limits are ignored .* not available here: memory; .*\n$/,
    ),
  });
  if (existsSync("/run/systemd/system")) return;
  expect(await home.coracle("--cgroup-manager=systemd", "run", "--rm", "bb", "true")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(
      /^Error: --cgroup-manager=systemd: no systemd of this user runs here; .*cgroupfs\n$/,
    ),
  });
});

test("top runs the host's ps in the container's pid namespace, for one that can't trace it", async () => {
  const run = (...args: string[]) =>
    home.ok("run", "-d", "--network", "none", ...args, "bb", "sleep", "1000");
  const ids = {
    plain: await run(),
    mapped: await run("--userns=keep-id"),
    tracing: await run("--privileged"),
  };
  for (const id of Object.values(ids)) await home.ok("exec", "-u", "0", id, "rm", "/bin/ps");
  for (const id of [ids.plain, ids.mapped]) {
    expect(await home.ok("top", id, "-eo", "pid,args")).toMatch(/^ +PID COMMAND\n +1 sleep 1000(\n.*ps)?$/);
    expect(await home.ok("top", id, "-eo pid,user:30")).toMatch(/^ +PID USER *\n +1 \S+/);
    expect(await home.coracle("top", id, "-o", "nosuch")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^Error: ps\(1\) failed with exit code 1: .*nosuch.*\n$/),
    });
  }
  expect(await home.coracle("top", ids.tracing, "-ef")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(/^Error: executing ps\(1\) in container: executable file `ps` not found/),
  });
  await home.ok("rm", "-f", "-t", "0", ...Object.values(ids));
});

test("top doesn't run the host's ps where another container, or what exec has left, may trace it", async () => {
  const run = (...args: string[]) =>
    home.ok("run", "-d", "--network", "none", ...args, "bb", "sleep", "1000");
  const id = await run();
  await home.ok("exec", id, "rm", "/bin/ps");
  const top = () => home.coracle("top", id, "-eo", "pid,args");
  const refused = {
    exitCode: 125,
    stderr: expect.stringMatching(/in container: executable file `ps` not found/),
  };
  const guest = await run("--pid", `container:${id}`, "--cap-add", "sys_ptrace");
  expect(await top()).toMatchObject(refused);
  // In a namespace of its own below, and with no sign of it in the one that is shared.
  await home.ok("rm", "-f", "-t", "0", guest);
  expect(await top()).toMatchObject({ exitCode: 0 });
  await home.ok("exec", "-d", "--privileged", id, "unshare", "--pid", "--fork", "sleep", "1000");
  expect(await top()).toMatchObject(refused);
  await home.ok("rm", "-f", "-t", "0", id);
});

test("top --list-descriptors lists what top takes", async () => {
  expect((await home.ok("top", "--list-descriptors")).split("\n")).toEqual(
    expect.arrayContaining(["args", "hpid", "user"]),
  );
});

test("save writes no archive to a terminal, load reads none from one", async () => {
  const onTerminal = (command: string) =>
    home.exec(["script", "-qec", `${home.program} ${command}`, "/dev/null"], { env: home.env });
  expect((await onTerminal("save bb")).stdout).toContain("Error: refusing to save to terminal");
  expect((await onTerminal("load")).stdout).toContain("Error: cannot read from terminal");
  expect(existsSync(path("bb"))).toBe(false);
});
