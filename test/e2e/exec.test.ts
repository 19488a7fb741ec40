import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";

const home = useHome({ image: true });
const exec = (...args: string[]) => home.coracle("exec", ...args);

beforeAll(async () => {
  await home.ok(
    "run",
    "-d",
    "--name",
    "c",
    "--network",
    "none",
    "-e",
    "FROM=container",
    "-w",
    "/var",
    "--ulimit",
    "nofile=300:300",
    "bb",
    "sleep",
    "1000",
  );
});
afterAll(() => home.coracle("rm", "-f", "-t", "0", "c"));

describe("the exit code", () => {
  test.each([
    ["of the command", ["c", "sh", "-c", "exit 9"], 9, ""],
    ["128 + signal", ["c", "sh", "-c", "kill -KILL $$"], 137, ""],
    ["127: not found", ["c", "nosuch"], 127, /^Error: .*nosuch.*not found.*\n$/],
    [
      "125: not found, and nobody waits for it",
      ["-d", "c", "nosuch"],
      125,
      /^Error: .*nosuch.*not found.*\n$/,
    ],
    ["126: a directory", ["c", "/etc"], 126, /^Error: .*\/etc.*\n$/],
    ["126: not executable", ["c", "/etc/passwd"], 126, /^Error: .*\/etc\/passwd.*\n$/],
    [
      "125: no such container",
      ["nosuch", "true"],
      125,
      /^Error: no container with name or ID "nosuch" found.*\n$/,
    ],
    ["125: no command", ["c"], 125, /^Error: .*command.*\n/],
    ["255: no such user", ["-u", "nosuch", "c", "true"], 255, /^Error: .*nosuch.*\n$/],
  ])("%s", async (_name, args, exitCode, stderr) => {
    const result = await exec(...args);
    expect(result).toMatchObject({ exitCode, stdout: "" });
    if (stderr === "") expect(result.stderr).toBe("");
    else expect(result.stderr).toMatch(stderr);
  });

  test("--wait: for a container that is still to come", async () => {
    const waiting = home.start(["exec", "--wait", "20", "later", "echo", "there"]);
    await home.ok("run", "-d", "--name", "later", "--network", "none", "bb", "sleep", "1000");
    expect(await waiting.done).toMatchObject({ exitCode: 0, stdout: "there\n" });
    const late = await exec("--wait", "1", "never", "true");
    expect(late).toMatchObject({ exitCode: 125, stdout: "" });
    expect(late.stderr).toMatch(/^Error: timed out waiting for container: never; /);
    await home.ok("rm", "-f", "-t", "0", "later");
  });

  test("of a container that doesn't run: 255", async () => {
    await home.ok("create", "--name", "idle", "bb");
    const result = await exec("idle", "true");
    expect(result).toMatchObject({ exitCode: 255, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*running containers.*coracle start.*\n$/);
    await home.ok("rm", "idle");
  });
});

describe("the process", () => {
  test("has the container's environment, directory, limits and namespaces", async () => {
    const { stdout } = await exec(
      "-e",
      "OWN=1",
      "c",
      "sh",
      "-c",
      "pwd; echo $FROM $OWN; ulimit -n; id -u; echo $HOME",
    );
    expect(stdout).toBe("/var\ncontainer 1\n300\n0\n/root\n");
    expect(
      (await exec("c", "sh", "-c", "readlink /proc/self/ns/net; readlink /proc/1/ns/net")).stdout,
    ).toMatch(/^(net:\[\d+\])\n\1\n$/);
  });

  test("has what is asked for instead", async () => {
    const file = join(home.env.HOME as string, "env");
    writeFileSync(file, "A=file\nB=file\n");
    const script = "id -un; id -gn; pwd; echo $A $B $HOME";
    expect(
      (
        await exec(
          "-u",
          "guest:staff",
          "-w",
          "/tmp",
          "--env-file",
          file,
          "-e",
          "B=flag",
          "c",
          "sh",
          "-c",
          script,
        )
      ).stdout,
    ).toBe("guest\nstaff\n/tmp\nfile flag /home/guest\n");
    expect((await exec("-u", "4321", "c", "id", "-u")).stdout).toBe("4321\n");
    expect((await exec("-u", "guest", "c", "id", "-G")).stdout.trim().split(" ").sort()).toEqual([
      "1000",
      "50",
    ]);
  });

  test("has the container's capabilities, all with --privileged, none as a user", async () => {
    const caps = async (...flags: string[]) =>
      (await exec(...flags, "c", "grep", "CapEff", "/proc/self/status")).stdout;
    expect(await caps()).toBe("CapEff:\t00000000800405fb\n");
    expect(await caps("-u", "guest")).toBe("CapEff:\t0000000000000000\n");
    expect(await caps("--privileged")).toBe("CapEff:\t000001ffffffffff\n");
    expect((await exec("c", "grep", "^Seccomp:", "/proc/self/status")).stdout).toBe("Seccomp:\t2\n");
  });

  test("finds users made after the container's start", async () => {
    await exec("c", "sh", "-c", "echo late:x:77:88::/late:/bin/sh >>/etc/passwd");
    expect((await exec("-u", "late", "c", "sh", "-c", "id -u; id -g; echo $HOME")).stdout).toBe(
      "77\n88\n/late\n",
    );
  });
});

describe("input and output", () => {
  test("stdout and stderr stay apart", async () => {
    expect(await exec("c", "sh", "-c", "echo out; echo err >&2")).toMatchObject({
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  test("stdin only with -i", async () => {
    const input = randomBytes(200_000);
    const { stdoutBytes } = await home.run(["exec", "-i", "c", "cat"], { input });
    expect(stdoutBytes.equals(input)).toBe(true);
    expect(await home.run(["exec", "c", "cat"], { input })).toMatchObject({ stdout: "", exitCode: 0 });
  });

  test("64 MB of random bytes in both directions", async () => {
    const pipeline = `cd "$HOME"; head -c 64000000 /dev/urandom >big; "$0" exec -i c cat <big | cmp - big`;
    expect(await home.exec(["bash", "-o", "pipefail", "-c", pipeline, home.program])).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
  });

  test("stdin that never ends doesn't outlive the command, a closed one is empty", async () => {
    expect(await home.start(["exec", "-i", "c", "true"], { keepStdin: true }).done).toMatchObject({
      exitCode: 0,
    });
    expect(await home.exec(["sh", "-c", '"$0" exec -i c wc -c 0<&-', home.program])).toMatchObject({
      stdout: "0\n",
    });
  });

  test("a reader that has enough ends the process", async () => {
    const { stdout } = await home.exec([
      "bash",
      "-c",
      '"$0" exec c yes | head -n 1; echo "${PIPESTATUS[0]}"',
      home.program,
    ]);
    expect(stdout).toBe("y\n141\n");
    await waitUntil(async () => !(await home.ok("top", "c")).includes("yes"), {
      what: "the end of the process",
    });
  });
});

test("a signal to the command reaches the process", async () => {
  const running = home.start([
    "exec",
    "c",
    "sh",
    "-c",
    "trap 'exit 44' TERM; echo up; while :; do sleep 0.02; done",
  ]);
  await running.waitForOutput(/up/);
  running.child.kill("SIGTERM");
  expect(await running.done).toMatchObject({ exitCode: 44 });
});

test("--detach prints the session and leaves the process running; ended ones are cleared", async () => {
  const { stdout, exitCode } = await exec(
    "-d",
    "c",
    "sh",
    "-c",
    "touch /detached; while [ -e /detached ]; do sleep 0.02; done",
  );
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
  await waitUntil(async () => (await exec("c", "test", "-e", "/detached")).exitCode === 0, {
    what: "the file",
  });
  const sessions = async () =>
    JSON.parse(await home.ok("inspect", "-f", "{{json .ExecIDs}}", "c")) as string[];
  expect(await sessions()).toContain(stdout.trim());
  await exec("c", "rm", "/detached");
  await waitUntil(async () => !(await sessions()).includes(stdout.trim()), { what: "the session's end" });
  const isLeft = async () => {
    await exec("c", "true");
    const files = readdirSync(home.runtimeDirectory, { recursive: true }) as string[];
    return files.some((file) => file.includes(stdout.trim().slice(0, 12)));
  };
  await waitUntil(async () => !(await isLeft()), { what: "its removal" });
});

test("--no-session: nobody finds it", async () => {
  const running = home.start(["exec", "--no-session", "c", "sh", "-c", "echo up; sleep 1000"]);
  await running.waitForOutput(/up/);
  expect(await home.ok("inspect", "-f", "{{json .ExecIDs}}", "c")).toBe("[]");
  running.child.kill("SIGTERM");
  expect(await running.done).toMatchObject({ exitCode: 143 });
  expect(await exec("--no-session", "c", "sh", "-c", "echo out; exit 3")).toMatchObject({
    stdout: "out\n",
    exitCode: 3,
  });
  for (const flag of ["--detach", "--detach-keys=a"]) {
    expect((await exec("--no-session", flag, "c", "true")).stderr).toMatch(
      /^Error: --no-session cannot be used with --detach or --detach-keys\n/,
    );
  }
});

test("a container that is being stopped takes no more processes", async () => {
  const script =
    "trap 'while [ -e /hold ]; do sleep 0.02; done; exit 3' TERM; touch /hold; echo up; while :; do sleep 0.02; done";
  const running = home.start(["run", "--name", "dying", "--network", "none", "bb", "sh", "-c", script]);
  await running.waitForOutput(/up/);
  const stop = home.start(["stop", "--time", "60", "dying"]);
  const status = () => home.ok("inspect", "-f", "{{.State.Status}}", "dying");
  await waitUntil(async () => (await status()) === "stopping", { what: "the stop" });
  const result = await exec("dying", "true");
  expect(result).toMatchObject({ exitCode: 255, stdout: "" });
  expect(result.stderr).toMatch(/^Error: .*running containers.*about to end\n$/);
  await home.ok("kill", "dying");
  await stop.done;
  await home.ok("rm", "dying");
});

test("a container that ends takes the process along, and the command ends", async () => {
  await home.ok("run", "-d", "--name", "short", "--network", "none", "bb", "sleep", "1000");
  const running = home.start(["exec", "short", "sh", "-c", "echo up; sleep 1000"]);
  await running.waitForOutput(/up/);
  await home.ok("kill", "short");
  expect(await running.done).toMatchObject({ exitCode: 137 });
  await home.ok("rm", "short");
});

test("--workdir must be there, and is not made", async () => {
  const { exitCode, stderr } = await exec("-w", "/nowhere/at/all", "c", "true");
  expect(exitCode).toBe(127);
  expect(stderr).toMatch(/^Error: chdir `\/nowhere\/at\/all`: No such file or directory: OCI runtime .*\n$/);
  expect((await exec("c", "ls", "/nowhere")).exitCode).toBe(1);
});
