/** Podman with our runtime in place of crun, and our conmon in place of its own. */
import { createHash, randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Home } from "../support/home.ts";
import { busyboxArchive } from "../support/images.ts";
import { attachedStart, configurePodman } from "../support/podman.ts";
import { commandLine, waitUntil } from "../support/process.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const missing = [hasProgram("podman"), hasProgram("crun")];
const home = new Home();
/** CORACLE_NATIVE_BIN=…/native/build/asan for those with sanitizers. */
const lib = process.env.CORACLE_NATIVE_BIN ?? join(dirname(home.program), "../lib/coracle/bin");
const [conmon, runtime] = [join(lib, "coracle-conmon"), join(lib, "coracle-runtime")];
/** With Podman's own conmon, which may lose output where ours doesn't. */
const runtimeAlone = attachedStart(home, "coracle-runtime", runtime);

beforeAll(async () => {
  if (missing.some((reason) => reason !== undefined)) return;
  configurePodman(home);
  const { exitCode, stderr } = await home.exec(["podman", "load", "-q", "-i", busyboxArchive()]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
});
afterAll(() => home.remove());

/**
 * Prints what a service manager gets: Podman's own word, and the container's. They come in any order, and Podman fails where
 * nobody is there any more to take its.
 */
const RECEIVER = `use Socket; my ($path) = @ARGV; socket(S, PF_UNIX, SOCK_DGRAM, 0); unlink $path;
  bind(S, sockaddr_un($path)) or die $!; $| = 1; print "listening\\n"; my $told = "";
  until ($told =~ /READY=1/ && $told =~ /MAINPID=/) { recv(S, my $text, 4096, 0); print "$text\\n"; $told .= $text }`;
const SENDER = `use Socket; socket(S, PF_UNIX, SOCK_DGRAM, 0);
  send(S, "READY=1\\nSTATUS=fine", 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!; sleep 1000;`;

describe.each([
  ["our conmon", ["--conmon", conmon]],
  ["our runtime", ["--runtime", runtimeAlone]],
  ["both", ["--conmon", conmon, "--runtime", runtime]],
])("%s", (_, parts) => {
  const podman = (args: string[], input?: string | Buffer) =>
    home.exec(["podman", ...parts, ...args], input === undefined ? {} : { input });
  const ok = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await podman(args);
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    return stdout.trim();
  };
  const run = ["run", "--rm", "--network", "none"];
  const inTerminal = (...args: string[]) => {
    const command = ["podman", ...parts, ...args].map((word) => `'${word}'`).join(" ");
    return home.exec(["script", "-qec", `stty rows 33 cols 77; ${command}`, "/dev/null"]);
  };

  test("stdio and exit codes of run", async (context) => {
    skipUnless(context, ...missing);
    const script = "echo out; echo err >&2; exit 7";
    expect(await podman([...run, "bb", "sh", "-c", script])).toMatchObject({
      exitCode: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    const nosuch = await podman([...run, "bb", "nosuch"]);
    expect(nosuch).toMatchObject({ exitCode: 127, stdout: "" });
    expect(nosuch.stderr).toMatch(/nosuch.*not found/);
    const bytes = randomBytes(3_000_000);
    const sum = createHash("md5").update(bytes).digest("hex");
    expect((await podman([...run, "-i", "bb", "md5sum"], bytes)).stdout).toBe(`${sum}  -\n`);
    expect((await podman([...run, "-i", "bb", "cat"], bytes)).stdoutBytes.equals(bytes)).toBe(true);
    expect(await podman([...run, "--timeout", "1", "bb", "sleep", "30"])).toMatchObject({ exitCode: 255 });
  });

  test("a container in the background: exec, logs, stop, restart", async (context) => {
    skipUnless(context, ...missing);
    const loop = "echo started; echo warned >&2; trap 'exit 3' TERM; while :; do sleep 0.1; done";
    await ok("run", "-d", "--name", "box", "--network", "none", "bb", "sh", "-c", loop);
    for (let i = 0; i < 5; i++) {
      const quick = await podman(["exec", "box", "sh", "-c", "echo o; echo e >&2; exit 9"]);
      expect(quick).toMatchObject({ exitCode: 9, stdout: "o\n" });
    }
    expect(await podman(["exec", "-i", "box", "wc", "-c"], "abc")).toMatchObject({ stdout: "3\n" });
    expect((await podman(["exec", "box", "nosuch"])).exitCode).toBe(127);
    await ok("exec", "-d", "box", "touch", "/detached");
    await waitUntil(async () => (await podman(["exec", "box", "ls", "/detached"])).exitCode === 0);
    // Podman sets the size when the session runs already.
    const size = 'until test "$(stty size)" = "33 77"; do sleep 0.02; done; stty size; tty';
    const sized = await inTerminal("exec", "-it", "box", "sh", "-c", size);
    expect(sized.stdout).toMatch(/33 77\r\n\/dev\/pts\/0/);
    const logs = await podman(["logs", "box"]);
    expect(logs).toMatchObject({ stdout: "started\n", stderr: "warned\n" });
    const [, monitorPid] = (
      await ok("inspect", "--format", "{{.State.Status}} {{.State.ConmonPid}}", "box")
    ).split(" ");
    expect(Number(monitorPid)).toBeGreaterThan(1);
    await ok("stop", "box");
    expect(await ok("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "box")).toBe("exited 3");
    await ok("restart", "box");
    await waitUntil(async () => (await podman(["logs", "box"])).stdout === "started\nstarted\n");
    await ok("rm", "-f", "-t", "0", "box");
  });

  test("attached from the start; a terminal in the background", async (context) => {
    skipUnless(context, ...missing);
    await ok("create", "--name", "made", "--network", "none", "bb", "sh", "-c", "echo from made; exit 5");
    for (let i = 0; i < 2; i++) {
      expect(await podman(["start", "--attach", "made"])).toMatchObject({
        exitCode: 5,
        stdout: "from made\n",
      });
    }
    await ok("rm", "made");
    await ok("run", "-d", "-t", "--name", "terminal", "--network", "none", "bb", "sh", "-c", "tty; exit 3");
    expect(await ok("wait", "terminal")).toBe("3");
    expect(await ok("logs", "terminal")).toBe("/dev/pts/0");
    await ok("rm", "terminal");
  });

  test("descriptors of the caller", async (context) => {
    skipUnless(context, ...missing);
    const command = ["podman", ...parts, ...run, "--preserve-fds", "1", "bb", "cat", "/proc/self/fd/3"];
    const { exitCode, stdout } = await home.exec([
      "sh",
      "-c",
      'echo data | "$@" 3<&0 </dev/null',
      "sh",
      ...command,
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "data\n" });
  });

  test("the container tells a service manager that it is ready", async (context) => {
    skipUnless(context, ...missing, hasProgram("perl"));
    const socket = join(home.directory, "notify");
    const manager = home.spawn(["perl", "-e", RECEIVER, socket]);
    await manager.waitForOutput(/listening/);
    const perl = ["/usr", "/lib", "/lib64"].flatMap((path) => ["-v", `${path}:${path}:ro`]);
    const args = ["run", "-d", "--name", "unit", "--network", "none", ...perl, "bb", "perl", "-e", SENDER];
    const started = await home.exec(["podman", ...parts, ...args], { env: { NOTIFY_SOCKET: socket } });
    expect({ exitCode: started.exitCode, stderr: started.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect((await manager.done).stdout).toMatch(/^READY=1$/m);
    await ok("rm", "-f", "-t", "0", "unit");
  });

  test("nothing of it is left", async (context) => {
    skipUnless(context, ...missing);
    const programs = () => home.processes().filter((pid) => /conmon|coracle/.test(commandLine(pid)));
    await waitUntil(() => programs().length === 0, { what: "the end of all monitors" });
  });
});
