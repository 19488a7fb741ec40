/** What every container has: exit codes, output, input, environment, user. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";
import { commandLine } from "../support/process.ts";
import { skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });

/** Most tests need no network, and are faster without. */
const run = (...args: string[]) => home.coracle("run", "--rm", "--network", "none", ...args);

describe("the exit code", () => {
  test.each([
    ["of the command", ["bb", "true"], 0],
    ["of the command", ["bb", "sh", "-c", "exit 42"], 42],
    ["255 of the command", ["bb", "sh", "-c", "exit 255"], 255],
    ["128 + SIGKILL", ["bb", "sh", "-c", "kill -KILL $$"], 137],
    ["128 + SIGTERM of a child", ["bb", "sh", "-c", "sh -c 'kill -TERM $$'"], 143],
  ])("%s", async (_name, args, exitCode) => {
    // The first process of a pid namespace can't kill itself.
    expect(await run("--pid", "host", ...args)).toMatchObject({ exitCode, stderr: "" });
  });

  test.each([
    ["a command that is not found", ["bb", "nosuch"], 127, /^Error: .*nosuch.*not found.*\n$/],
    ["a path that doesn't exist", ["bb", "/no/such"], 127, /^Error: .*\/no\/such.*not found.*\n$/],
    ["a directory", ["bb", "/etc"], 126, /^Error: .*\/etc.*\n$/],
    [
      "a file that can't be executed",
      ["bb", "/etc/passwd"],
      126,
      /^Error: .*\/etc\/passwd.*not executable.*\n$/,
    ],
    ["an entrypoint that is not found", ["--entrypoint", "/nosuch", "bb"], 127, /^Error: .*\/nosuch.*\n$/],
    ["an unknown flag", ["--nosuch", "bb"], 125, /^Error: unknown flag: --nosuch\n.*--help.*\n$/],
    ["an unknown image", ["--pull", "never", "nosuch"], 125, /^Error: .*nosuch.*\n$/],
    ["a bad reference", ["Bad/Ref:::x"], 125, /^Error: .*Bad\/Ref:::x.*\n$/],
    ["an unknown user", ["--user", "nosuch", "bb", "true"], 126, /^Error: .*nosuch.*\n$/],
    ["an unknown group", ["--user", "0:nosuch", "bb", "true"], 126, /^Error: .*nosuch.*\n$/],
    ["a missing bind source", ["-v", "/no/such:/x", "bb", "true"], 125, /^Error: .*\/no\/such.*\n$/],
    ["a bad name", ["--name", "-x", "bb", "true"], 125, /^Error: .*\n$/],
    [
      "a working directory that is a file",
      ["-w", "/etc/passwd", "bb", "true"],
      126,
      /^Error: workdir "\/etc\/passwd" exists on container .*, but is not a directory; .*\n$/,
    ],
    [
      "a missing working directory",
      ["-w", "/no/such", "bb", "true"],
      126,
      /^Error: workdir "\/no\/such" does not exist on container [0-9a-f]{64}; .*\n$/,
    ],
    ["an unknown runtime", ["--runtime", "nosuch", "bb", "true"], 125, /^Error: .*/],
    [
      "a seccomp profile that doesn't exist",
      ["--security-opt", "seccomp=/no/such", "bb", "true"],
      125,
      /^Error: .*\/no\/such.*\n$/,
    ],
    ["a negative port", ["-p", "-1:80", "bb", "true"], 125, /^Error: .*\n$/],
  ])("of %s", async (_name, args, exitCode, message) => {
    const result = await run(...args);
    expect(result).toMatchObject({ exitCode, stdout: "" });
    expect(result.stderr).toMatch(message);
    // Nothing half-made stays.
    expect(await home.ok("ps", "--all", "--quiet")).toBe("");
  });

  test("of a name in use names its owner and keeps it", async () => {
    const id = await home.ok("create", "--name", "taken", "bb");
    const result = await run("--name", "taken", "bb", "true");
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^Error: .*"taken" is already in use by ${id}.*--replace.*\n$`));
    expect(await home.ok("ps", "--all", "--quiet", "--no-trunc")).toBe(id);
    expect(
      await home.coracle("run", "--rm", "--replace", "--name", "taken", "bb", "echo", "new"),
    ).toMatchObject({
      exitCode: 0,
      stdout: "new\n",
    });
    expect(await home.ok("ps", "--all", "--quiet")).toBe("");
  });
});

describe("output", () => {
  test("stdout and stderr stay apart", async () => {
    expect(await run("bb", "sh", "-c", "echo out; echo err >&2")).toMatchObject({
      exitCode: 0,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  test.each([0, 1, 4095, 65_536, 65_537, 1_000_003])("%i bytes come through exactly", async (size) => {
    const data = randomBytes(size);
    writeFileSync(join(home.env.HOME as string, "data"), data);
    const result = await run("-v", `${home.env.HOME}/data:/data:ro`, "bb", "cat", "/data");
    expect(result.stdoutBytes.equals(data)).toBe(true);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("64 MB of random bytes come through in both directions", async () => {
    const pipeline = `set -e; cd "$HOME"; head -c 64000000 /dev/urandom >big
      "$0" run --rm --network none --log-driver none -i bb cat <big | cmp - big
      "$0" run --rm --network none --log-driver none -v ./big:/big bb cat /big | cmp - big`;
    expect(await home.exec(["bash", "-o", "pipefail", "-c", pipeline, home.program])).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
  });

  test("what a process writes right before its end is there", async () => {
    for (let round = 0; round < 5; round++) {
      expect((await run("bb", "sh", "-c", "seq 1 2000; echo last")).stdout).toMatch(/\n2000\nlast\n$/);
    }
  });

  test("a reader that has enough ends the command and its --rm container", async () => {
    const pipeline = '"$0" run --rm --network none bb yes | head -n 1; echo "${PIPESTATUS[0]}"';
    const result = await home.exec(["bash", "-c", pipeline, home.program], { timeout: 10_000 });
    expect(result).toMatchObject({ stdout: "y\n141\n", stderr: "" });
    expect(await home.ok("ps", "--all", "--quiet")).toBe("");
  });

  test.each([
    ["stdout", ["run", "--rm", "--network", "none", "bb", "yes"], ">", 126],
    ["stderr", ["run", "--rm", "--network", "none", "bb", "sh", "-c", "yes >&2"], "2>", 126],
    ["stdout", ["exec", "full", "yes"], ">", 255],
    ["stdout", ["start", "--attach", "again"], ">", 125],
  ])("a full disk under %s of %j is told and ends it", async (stream, args, redirect, exitCode) => {
    if (args[0] === "exec")
      await home.ok("run", "-d", "--name", "full", "--network", "none", "bb", "sleep", "99");
    if (args[0] === "start")
      await home.ok("create", "--name", "again", "--rm", "--network", "none", "bb", "yes");
    const line = `"$0" "$@" ${redirect}/dev/full`;
    const result = await home.exec(["bash", "-c", line, home.program, ...args], { timeout: 10_000 });
    expect(result).toMatchObject({ exitCode });
    // With stderr itself full there is nowhere to tell it.
    const told = /^Error: .*write \/dev\/stdout: no space left on device; .*\n$/;
    if (stream === "stdout") expect(result.stderr).toMatch(told);
    if (args[0] === "exec") await home.ok("rm", "-f", "-t", "0", "full");
    expect(await home.ok("ps", "--all", "--quiet")).toBe("");
  });

  test.each([["ps"], ["--version"], ["images", "--format", "json"]])(
    "a full disk under stdout of %j is told",
    async (...args) => {
      const result = await home.exec(["bash", "-c", '"$0" "$@" >/dev/full', home.program, ...args]);
      expect(result).toMatchObject({
        exitCode: 125,
        stderr: expect.stringMatching(/^Error: write \/dev\/stdout: no space left on device.*\n$/i),
      });
    },
  );

  test("a closed stdout or stderr is no obstacle", async () => {
    const line = `"$0" run --rm --network none bb sh -c 'echo out; exit 3' >&- 2>&-; echo $?`;
    expect(await home.exec(["bash", "-c", line, home.program])).toMatchObject({ stdout: "3\n" });
  });
});

describe("input", () => {
  test("without -i the container has none", async () => {
    expect(await home.run(["run", "--rm", "--network", "none", "bb", "cat"], { input: "x" })).toMatchObject({
      exitCode: 0,
      stdout: "",
    });
  });

  test("with -i it is the caller's, to its end", async () => {
    const input = randomBytes(300_000);
    const result = await home.run(["run", "--rm", "-i", "--network", "none", "bb", "cat"], { input });
    expect(result.stdoutBytes.equals(input)).toBe(true);
  });

  test("a closed stdin is an empty one", async () => {
    const line = `"$0" run --rm -i --network none bb wc -c 0<&-`;
    expect(await home.exec(["bash", "-c", line, home.program])).toMatchObject({ exitCode: 0, stdout: "0\n" });
  });

  test("stdin that never ends doesn't outlive the command", async () => {
    const running = home.start(["run", "--rm", "-i", "--network", "none", "bb", "true"], { keepStdin: true });
    expect(await running.done).toMatchObject({ exitCode: 0 });
  });

  test("answers come while stdin stays open", async () => {
    const running = home.start(["run", "--rm", "-i", "--network", "none", "bb", "sh"], { keepStdin: true });
    running.child.stdin?.write("echo first\n");
    await running.waitForOutput(/first\n/);
    running.child.stdin?.end("echo second; exit 5\n");
    expect(await running.done).toMatchObject({ exitCode: 5, stdout: "first\nsecond\n" });
  });
});

describe("the environment", () => {
  test("has PATH, HOME, HOSTNAME and container, and what is asked for", async () => {
    const { stdout } = await home.run(
      [
        "run",
        "--rm",
        "--network",
        "none",
        "-e",
        "A=1",
        "-e",
        "B",
        "-e",
        "C=x=y z",
        "-e",
        "NOT_THERE",
        "-h",
        "here",
        "bb",
        "env",
      ],
      { env: { B: "from host", SECRET: "s" } },
    );
    const lines = stdout.trim().split("\n").sort();
    expect(lines).toEqual(
      expect.arrayContaining([
        "A=1",
        "B=from host",
        "C=x=y z",
        "HOME=/root",
        "HOSTNAME=here",
        "container=podman",
      ]),
    );
    expect(lines.filter((line) => line.startsWith("PATH="))).toHaveLength(1);
    expect(stdout).not.toMatch(/SECRET|NOT_THERE|TERM=/);
  });

  test("--env-host hands down the caller's environment, and nothing of our own", async () => {
    const { stdout } = await home.run(["run", "--rm", "--network", "none", "--env-host", "bb", "env"], {
      env: { MINE: "yes" },
    });
    expect(stdout).toContain("MINE=yes");
    expect(
      stdout.split("\n").filter((line) => /^(CORACLE_(NS|RUN|BIN|UID|GID|FDS|ALIVE)|BUN_)/.test(line)),
    ).toEqual([]);
  });

  test("--env-file, comments and pass-through included; --env goes over it", async () => {
    const file = join(home.env.HOME as string, "env");
    writeFileSync(file, '# comment\nONE=from file\nTWO=2 # kept\nFROM_HOST\nQUOTED="q"\n\nEMPTY=\n');
    const { stdout } = await home.run(
      ["run", "--rm", "--network", "none", "--env-file", file, "-e", "ONE=flag", "bb", "env"],
      { env: { FROM_HOST: "h" } },
    );
    expect(stdout.split("\n")).toEqual(
      expect.arrayContaining(["ONE=flag", "TWO=2 # kept", "FROM_HOST=h", 'QUOTED="q"', "EMPTY="]),
    );
    expect(await run("--env-file", "/no/such", "bb", "env")).toMatchObject({ exitCode: 125 });
  });

  test("--unsetenv takes the image's away", async () => {
    expect((await run("--unsetenv", "PATH", "bb", "/bin/env")).stdout).not.toMatch(/^PATH=/m);
  });

  test("--tz sets the time zone", async (context) => {
    skipUnless(context, existsSync("/usr/share/zoneinfo/Asia/Tokyo") ? undefined : "no time zone database");
    expect((await run("--tz", "Asia/Tokyo", "bb", "date", "+%Z %z")).stdout).toBe("JST +0900\n");
    for (const [name, reason] of [
      ["No/Where", "unknown time zone No/Where"],
      ["../../../etc/passwd", "time: invalid location name"],
      ["Asia", "is a directory"],
    ] as const) {
      const { exitCode, stderr } = await run("--tz", name, "bb", "date");
      expect(exitCode).toBe(125);
      expect(stderr).toContain(`finding timezone: ${reason}`);
    }
  });

  test("a secret given with -e NAME is not on any command line", async () => {
    const running = home.start(
      ["run", "--rm", "-i", "--network", "none", "-e", "HIDDEN", "bb", "sh", "-c", "echo up; cat"],
      {
        env: { HIDDEN: "topsecret" },
        keepStdin: true,
      },
    );
    await running.waitForOutput(/up/);
    for (const pid of home.processes()) {
      expect(commandLine(pid)).not.toContain("topsecret");
    }
    running.child.stdin?.end();
    await running.done;
  });
});

describe("the user", () => {
  test.each([
    ["root", [], "uid=0(root) gid=0(root)"],
    [
      "a name, with its groups",
      ["-u", "guest"],
      "uid=1000(guest) gid=1000(guest) groups=50(staff),1000(guest)",
    ],
    ["an id of the image", ["-u", "1000"], "uid=1000(guest) gid=1000(guest) groups=50(staff),1000(guest)"],
    ["an unknown id", ["-u", "4321"], "uid=4321(4321) gid=0(root) groups=0(root)"],
    ["a name and a group", ["-u", "guest:staff"], "uid=1000(guest) gid=50(staff) groups=50(staff)"],
    ["ids", ["-u", "7:8"], "uid=7(7) gid=8(8) groups=8(8)"],
    ["more groups", ["-u", "7:8", "--group-add", "staff,77"], "uid=7(7) gid=8(8) groups=8(8),50(staff),77"],
  ])("%s", async (_name, args, expected) => {
    const { stdout, stderr } = await run(...args, "bb", "id");
    expect({
      id: stdout.trim().replace(
        /groups=(.*)/,
        (_all, list) =>
          `groups=${list
            .split(",")
            .sort((a: string, b: string) => Number(a) - Number(b))
            .join(",")}`,
      ),
      stderr,
    }).toEqual({ id: expected, stderr: "" });
  });

  test("has its home directory, and files belong to it", async () => {
    const { stdout } = await run(
      "-u",
      "guest",
      "bb",
      "sh",
      "-c",
      'cd; pwd; touch x && stat -c %u:%g x; echo "$HOME"',
    );
    expect(stdout).toBe("/home/guest\n1000:1000\n/home/guest\n");
  });
});

describe("image configuration", () => {
  const archive = () =>
    imageArchive("e2e-config", {
      reference: "localhost/configured:latest",
      layers: [
        [
          { path: "bin/", type: "directory" },
          { path: "bin/busybox", data: readFileSync("/bin/busybox"), mode: 0o755 },
          ...["sh", "cat", "echo", "id", "pwd", "env", "sleep", "ls"].map((name) => ({
            path: `bin/${name}`,
            type: "symlink" as const,
            target: "busybox",
          })),
          { path: "etc/", type: "directory" },
          { path: "etc/passwd", data: "root:x:0:0::/root:/bin/sh\napp:x:7:7::/srv:/bin/sh\n" },
          { path: "srv/", type: "directory", uid: 7, gid: 7 },
        ],
      ],
      config: {
        Entrypoint: ["/bin/sh", "-c", 'echo "$(id -u) $(pwd) $GREETING $*"', "sh"],
        Cmd: ["default"],
        Env: ["PATH=/bin", "GREETING=hello"],
        User: "app",
        WorkingDir: "/srv/work",
        Labels: { from: "image" },
        StopSignal: "SIGUSR1",
      },
    });

  test("supplies entrypoint, command, environment, user and working directory, flags go over it", async () => {
    await home.ok("load", "--input", archive());
    expect((await run("configured")).stdout).toBe("7 /srv/work hello default\n");
    expect((await run("configured", "a", "b c")).stdout).toBe("7 /srv/work hello a b c\n");
    expect((await run("-u", "0", "-w", "/srv", "-e", "GREETING=bye", "configured")).stdout).toBe(
      "0 /srv bye default\n",
    );
    expect((await run("--entrypoint", "/bin/echo", "configured", "x")).stdout).toBe("x\n");
    expect((await run("--entrypoint", '["/bin/echo","a b"]', "configured", "c")).stdout).toBe("a b c\n");
    expect(await run("--entrypoint", "", "configured")).toMatchObject({ exitCode: 126 });
  });

  test("supplies labels and the stop signal", async () => {
    await home.ok("create", "--name", "c", "--label", "own=1", "configured");
    const format = "{{.Config.Labels.from}} {{.Config.Labels.own}} {{.Config.StopSignal}}";
    expect(await home.ok("inspect", "--format", format, "c")).toMatch(/^image 1 (10|SIGUSR1)$/);
    await home.ok("rm", "c");
  });
});

describe("words after the image belong to the command", () => {
  test.each([
    [["echo", "b", "a", "b"], "b a b\n"],
    [["echo", "--rm", "-t", "--name", "x"], "--rm -t --name x\n"],
    [["echo", "--", "-e"], "-- -e\n"],
    [["echo", "", "a"], " a\n"],
    [["echo", "ü 😀\tx"], "ü 😀\tx\n"],
  ])("%j", async (args, stdout) => {
    expect(await run("bb", ...args)).toMatchObject({ exitCode: 0, stdout });
  });
});

describe("files that tell about the container", () => {
  test("--cidfile holds the id, and is written over", async () => {
    const file = join(home.env.HOME as string, "cid");
    const { stdout } = await home.coracle(
      "run",
      "-d",
      "--rm",
      "--network",
      "none",
      "--cidfile",
      file,
      "bb",
      "sleep",
      "100",
    );
    expect(readFileSync(file, "utf8")).toBe(stdout.trim());
    await home.ok("rm", "--force", "--time", "0", "--cidfile", file);
    writeFileSync(file, "another");
    const id = await home.ok("create", "--cidfile", file, "bb", "true");
    expect(readFileSync(file, "utf8")).toBe(id);
    await home.ok("rm", id);
  });

  test("--pidfile holds the pid of the first process", async () => {
    const file = join(home.env.HOME as string, "pid");
    const id = await home.ok(
      "run",
      "-d",
      "--rm",
      "--network",
      "none",
      "--pidfile",
      file,
      "bb",
      "sleep",
      "100",
    );
    expect(readFileSync(file, "utf8").trim()).toBe(
      await home.ok("inspect", "--format", "{{.State.Pid}}", id),
    );
    const unnamed = await home.ok("run", "-d", "--rm", "--network", "none", "bb", "sleep", "100");
    const format = "{{.PidFile}} {{.State.Pid}} {{.ConmonPidFile}} {{.State.ConmonPid}}";
    const [pidFile = "", pid, conmonPidFile = "", conmonPid] = (
      await home.ok("inspect", "--format", format, unnamed)
    ).split(" ");
    expect(readFileSync(pidFile, "utf8")).toBe(pid);
    expect(readFileSync(conmonPidFile, "utf8")).toBe(conmonPid);
    await home.ok("rm", "--force", "--time", "0", id, unnamed);
    expect(existsSync(join("/proc", readFileSync(file, "utf8").trim()))).toBe(false);
  });

  test("a cidfile that can't be written leaves no container", async () => {
    const locked = join(home.env.HOME as string, "locked");
    mkdirSync(locked, { mode: 0o500 });
    const result = await run("--cidfile", join(locked, "sub/cid"), "bb", "true");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/^Error: .*cid/);
    expect(await home.ok("ps", "-aq")).toBe("");
    chmodSync(locked, 0o700);
  });
});

test("--detach prints the id and leaves the container running", async () => {
  const { stdout, exitCode } = await home.coracle("run", "-d", "--network", "none", "bb", "sleep", "100");
  expect({ exitCode, id: stdout }).toEqual({ exitCode: 0, id: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
  const id = stdout.trim();
  expect(await home.ok("ps", "-q", "--no-trunc")).toBe(id);
  await home.ok("rm", "-f", "-t", "0", id);
});

test("without --rm the container stays, exited", async () => {
  expect(
    await home.coracle("run", "--name", "kept", "--network", "none", "bb", "sh", "-c", "exit 9"),
  ).toMatchObject({ exitCode: 9 });
  expect(await home.ok("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "kept")).toBe(
    "exited 9",
  );
  await home.ok("rm", "kept");
});

test("-it without a terminal goes on, with Podman's warning", async () => {
  const { stderr, ...result } = await run("-it", "bb", "echo", "hi");
  expect(result).toMatchObject({ exitCode: 0, stdout: "hi\r\n" });
  expect(stderr).toMatch(
    /^time="[^"]+" level=warning msg="The input device is not a TTY\. The --tty and --interactive flags might not work properly"\n$/,
  );
});

test("--timeout ends it", async () => {
  const result = await run("--timeout", "1", "bb", "sleep", "100");
  expect(result.exitCode).toBe(255);
});
