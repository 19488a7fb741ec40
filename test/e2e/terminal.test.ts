/** -t: what a container sees of the terminal, and what the terminal keeps of it. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { commandLine, type Running, waitUntil } from "../support/process.ts";

const home = useHome({ image: true });

/**
 * Runs a command on a pseudo-terminal of 33 rows and 77 columns, to which our stdin is typed. `\x1c<rows> <columns>\n`
 * in it sets the size instead. At the end it says how the terminal was left and what the exit code was.
 */
const onTerminal = `
import fcntl, os, pty, re, select, signal, struct, sys, termios, time
def size(fd, rows, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
master, slave = os.openpty()
size(master, 33, 77)
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in 0, 1, 2: os.dup2(slave, fd)
    os.close(master); os.close(slave)
    os.execvp(sys.argv[1], sys.argv[1:])
print("pid=%d" % pid, file=sys.stderr, flush=True)
watched, status = [0, master], None
while status is None or select.select([master], [], [], 0)[0]:
    if status is None:
        done, code = os.waitpid(pid, os.WNOHANG)
        if done: status = code
    ready, _, _ = select.select(watched, [], [], 0.02)
    if master in ready:
        os.write(1, os.read(master, 65536))
    if 0 in ready:
        data = os.read(0, 65536)
        if not data: watched.remove(0)
        for part in re.split(rb"(\\x1c\\d+ \\d+\\n)", data):
            if part[:1] == b"\\x1c": size(master, *map(int, part[1:].split()))
            elif part: os.write(master, part)
# Who restores it may be another process than the one that has ended.
for _ in range(500):
    after = termios.tcgetattr(slave)
    if after == before: break
    time.sleep(0.01)
print("terminal=%s code=%d" % ("restored" if before == after else "changed", os.waitstatus_to_exitcode(status)), file=sys.stderr)
`;

function terminal(...args: string[]): Running {
  return home.spawn(["python3", "-c", onTerminal, home.program, ...args], { keepStdin: true });
}

const type = (running: Running, text: string) => running.child.stdin?.write(text);
const engine = async (running: Running) => Number((await running.waitForOutput(/pid=(\d+)/))[1]);
const closed = async (running: Running) => (await running.done).stderr.trim().split("\n").at(-1);

afterAll(() => home.coracle("rm", "--all", "--force", "--time", "0"));

describe.each(["run", "exec"])("%s -it", (command) => {
  const args = (...script: string[]) =>
    command === "run"
      ? ["run", "--rm", "-it", "--network", "none", "bb", "sh", "-c", ...script]
      : ["exec", "-it", "target", "sh", "-c", ...script];

  beforeAll(async () => {
    if (command === "exec")
      await home.ok("run", "-d", "--name", "target", "--network", "none", "bb", "sleep", "1000");
  });
  afterAll(async () => {
    if (command === "exec") await home.ok("rm", "-f", "-t", "0", "target");
  });

  test("is a terminal of the caller's size, with TERM", async () => {
    const running = terminal(
      ...args("stty size; tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo T=$TERM; exit 7"),
    );
    expect(await closed(running)).toBe("terminal=restored code=7");
    expect(running.stdout).toMatch(/^33 77\r\n\/dev\/pts\/\d+\r\nall\r\nT=xterm\r\n$/);
  });

  test("follows a change of the size", async () => {
    const running = terminal(
      ...args("trap 'stty size; exit 0' WINCH; echo up; while :; do sleep 0.02; done"),
    );
    await running.waitForOutput(/up/);
    type(running, "\x1c40 120\n");
    expect(await closed(running)).toBe("terminal=restored code=0");
    expect(running.stdout).toContain("40 120\r\n");
  });

  test("passes keys on: ^C interrupts, ^D ends the input", async () => {
    const running = terminal(...args("trap 'echo interrupted' INT; echo up; cat; echo got; cat; echo end"));
    await running.waitForOutput(/up/);
    type(running, "line\n");
    await running.waitForOutput(/line\r\nline\r\n/);
    type(running, "\x03");
    await running.waitForOutput(/interrupted[\s\S]*got/);
    type(running, "\x04");
    expect(await closed(running)).toBe("terminal=restored code=0");
    expect(running.stdout).toMatch(/end\r\n$/);
  });

  test("restores the terminal after kill -9 of the engine", async () => {
    const running = terminal(...args("echo up; sleep 1000"));
    await running.waitForOutput(/up/);
    process.kill(await engine(running), "SIGKILL");
    expect(await closed(running)).toBe("terminal=restored code=-9");
    // The container goes on: it is not the engine's child.
    expect(await home.ok("ps", "-q")).not.toBe("");
    if (command === "run") await home.ok("rm", "-a", "-f", "-t", "0");
  });

  test("leaves the keys of one without -i alone, also when its size changes, and its output as it comes", async () => {
    const running = terminal(
      ...args(
        "trap 'echo interrupted; exit 3' INT; trap 'echo resized' WINCH; echo up; while :; do sleep 0.02; done",
      ).map((arg) => (arg === "-it" ? "-t" : arg)),
    );
    await running.waitForOutput(/up/);
    type(running, "\x1c40 120\n");
    await running.waitForOutput(/resized/);
    type(running, "\x03");
    expect(await closed(running)).toBe("terminal=restored code=3");
    expect(running.stdout.replace("^C", "")).toBe("up\r\nresized\r\ninterrupted\r\n");
  });
});

describe("detach keys", () => {
  test("detach from a container that goes on, and attach comes back", async () => {
    const running = terminal(
      "run",
      "-it",
      "--name",
      "d",
      "--network",
      "none",
      "bb",
      "sh",
      "-c",
      "echo up; while read line; do echo got $line; done",
    );
    await running.waitForOutput(/up/);
    type(running, "a\n");
    await running.waitForOutput(/got a/);
    type(running, "\x10\x11");
    expect(await closed(running)).toBe("terminal=restored code=0");
    expect(await home.ok("ps", "--format", "{{.Names}}")).toBe("d");
    const again = terminal("attach", "d");
    await engine(again);
    type(again, "b\n");
    await again.waitForOutput(/got b/);
    type(again, "\x10x\x10\x11");
    expect(await closed(again)).toBe("terminal=restored code=0");
    const last = terminal("attach", "--detach-keys", "ctrl-a,z", "d");
    await engine(last);
    type(last, "\x10\x11\n");
    await last.waitForOutput(/got/);
    type(last, "\x01z");
    expect(await closed(last)).toBe("terminal=restored code=0");
    await home.ok("rm", "-f", "-t", "0", "d");
  });

  test("detach from an exec session", async () => {
    await home.ok("run", "-d", "--name", "e", "--network", "none", "bb", "sleep", "1000");
    const running = terminal("exec", "-it", "e", "sh", "-c", "echo up; sleep 1001");
    await running.waitForOutput(/up/);
    type(running, "\x10\x11");
    expect(await closed(running)).toBe("terminal=restored code=0");
    expect(await home.ok("top", "e", "args")).toBe("COMMAND\nsleep 1000 \nsleep 1001 ");
    await home.ok("rm", "-f", "-t", "0", "e");
  });

  test("that make no sense are refused", async () => {
    expect(await home.coracle("run", "--rm", "--detach-keys", "ctrl-^^", "bb", "true")).toMatchObject({
      exitCode: 126,
      stdout: "",
      stderr: expect.stringMatching(/^Error: invalid detach keys: Unknown character: 'ctrl-\^\^'; .*\n$/),
    });
  });
});

test("-t without a terminal works: CR LF, and stdin to its end", async () => {
  const { stdout, exitCode } = await home.run(
    ["run", "--rm", "-it", "--network", "none", "bb", "sh", "-c", "read x; echo got $x; exit 5"],
    { input: "y\n" },
  );
  expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: expect.stringMatching(/got y\r\n$/) });
});

test("the relay's kill -9 ends the command, and the terminal is usable", async () => {
  const running = terminal(
    "run",
    "-it",
    "--name",
    "relayed",
    "--network",
    "none",
    "bb",
    "sh",
    "-c",
    "echo up; sleep 1000",
  );
  await running.waitForOutput(/up/);
  const pid = await engine(running);
  const relay = home.processes().find((candidate) => candidate !== pid && isChild(candidate, pid));
  expect(relay).toBeDefined();
  process.kill(relay as number, "SIGKILL");
  expect(await closed(running)).toMatch(/^terminal=restored code=(125|137|255)$/);
  await home.ok("rm", "-f", "-t", "0", "relayed");
});

function isChild(pid: number, parent: number): boolean {
  try {
    return new RegExp(`^PPid:\\s+${parent}$`, "m").test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false; // ended meanwhile
  }
}

test("a terminal's hangup ends the command and not the container", async () => {
  const running = terminal(
    "run",
    "-it",
    "--name",
    "hung",
    "--network",
    "none",
    "bb",
    "sh",
    "-c",
    "trap 'echo hup' HUP; echo up; while :; do sleep 0.02; done",
  );
  await running.waitForOutput(/up/);
  running.child.kill("SIGKILL"); // the terminal's master goes with it
  await waitUntil(() => !home.processes().some((pid) => isEngine(pid)), { what: "the end of the command" });
  expect(await home.ok("ps", "--format", "{{.Names}}")).toBe("hung");
  await home.ok("rm", "-f", "-t", "0", "hung");
});

function isEngine(pid: number): boolean {
  return / ?run\0-it\0/.test(commandLine(pid));
}
