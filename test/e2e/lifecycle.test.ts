/** create, start, stop, kill, restart, rm, wait, pause, rename: containers from state to state. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";

const home = useHome({ image: true });
const create = (name: string, ...args: string[]) =>
  home.ok("create", "--name", name, "--network", "none", ...args);
const runDetached = (name: string, ...args: string[]) =>
  home.ok("run", "-d", "--name", name, "--network", "none", ...args);
const state = (name: string, format = "{{.State.Status}}") =>
  home.ok("inspect", "--type", "container", "-f", format, name);

/** Ends with 7 on SIGTERM, and says so. */
const polite = ["bb", "sh", "-c", "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.02; done"];
const up = (name: string) =>
  waitUntil(async () => (await home.ok("logs", name)).includes("up"), { what: `${name} to be up` });

/** Whether a command has a socket besides its stdio: that of a container's monitor. */
function isConnected(pid: number): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return Number(fd) > 2 && readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("socket:");
    } catch {
      return false; // closed meanwhile
    }
  });
}

afterEach(async () => {
  await home.coracle("rm", "--all", "--force", "--time", "0");
});

describe("create", () => {
  test("prints the id and starts nothing", async () => {
    const id = await create("made", "bb", "sh", "-c", "echo ran");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await state("made", "{{.Id}} {{.State.Status}} {{.State.Running}} {{.State.Pid}}")).toBe(
      `${id} created false 0`,
    );
    await waitUntil(() => home.processes().length === 0, { what: "the end of what keeps the namespace" });
    expect(await home.coracle("start", "--attach", "made")).toMatchObject({ exitCode: 0, stdout: "ran\n" });
  });

  test("gives a random name", async () => {
    await home.ok("create", "bb");
    expect(await home.ok("ps", "-a", "--format", "{{.Names}}")).toMatch(/^[a-z]+_[a-z]+\d*$/);
  });

  test.each([
    [["create"], 125],
    [["create", "--pull", "never", "nosuch"], 125],
    [["create", "--name", "a/b", "bb"], 125],
  ])("%j fails and leaves nothing", async (args, exitCode) => {
    expect(await home.coracle(...args)).toMatchObject({ exitCode, stdout: "" });
    expect(await home.ok("ps", "-aq")).toBe("");
  });
});

test("who has to be killed is told of, as Podman does", async () => {
  await runDetached("deaf", "bb", "sleep", "100");
  const warning = (name: string) =>
    new RegExp(
      `^time="[^"]+" level=warning msg="StopSignal SIGTERM failed to stop container ${name} in 1 seconds, resorting to SIGKILL"\n$`,
    );
  expect((await home.coracle("stop", "-t", "1", "deaf")).stderr).toMatch(warning("deaf"));
  await home.ok("start", "deaf");
  expect(await home.coracle("stop", "-t", "0", "deaf")).toMatchObject({ exitCode: 0, stderr: "" });
  await runDetached("polite", ...polite);
  await up("polite");
  expect(await home.coracle("stop", "-t", "10", "polite")).toMatchObject({ exitCode: 0, stderr: "" });
  await home.ok("start", "deaf");
  expect((await home.coracle("rm", "-f", "-t", "1", "deaf")).stderr).toMatch(warning("deaf"));
});

describe("start", () => {
  test("prints what was given and runs it; started again it runs again", async () => {
    await create("again", "bb", "sh", "-c", "echo once; exit 3");
    expect(await home.ok("start", "again")).toBe("again");
    expect(await home.ok("wait", "again")).toBe("3");
    expect(await home.coracle("start", "-a", "again")).toMatchObject({ exitCode: 3, stdout: "once\n" });
    expect(await home.ok("logs", "again")).toBe("once\nonce");
  });

  test("of a running container changes nothing", async () => {
    await runDetached("running", "bb", "sleep", "1000");
    const pid = await state("running", "{{.State.Pid}}");
    expect(await home.ok("start", "running")).toBe("");
    expect(await state("running", "{{.State.Pid}}")).toBe(pid);
  });

  test("--attach --interactive connects stdin", async () => {
    await create("cat", "-i", "bb", "cat");
    expect(await home.run(["start", "-ai", "cat"], { input: "through\n" })).toMatchObject({
      exitCode: 0,
      stdout: "through\n",
    });
  });

  test("keeps what the container wrote", async () => {
    await create("writes", "bb", "sh", "-c", "cat /kept 2>/dev/null; echo x >>/kept");
    await home.ok("start", "-a", "writes");
    expect(await home.ok("start", "-a", "writes")).toBe("x");
    expect(await home.ok("start", "-a", "writes")).toBe("x\nx");
  });

  test("several, but none when one of them doesn't exist", async () => {
    await create("one", "bb", "sleep", "1000");
    await create("two", "bb", "sleep", "1000");
    const result = await home.coracle("start", "one", "nosuch", "two");
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(
      /^Error: no container with name or ID "nosuch" found: no such container.*\n$/,
    );
    expect(await home.ok("ps", "--quiet")).toBe("");
    expect(await home.ok("start", "one", "/two")).toBe("one\ntwo");
    expect(await home.ok("ps", "--format", "{{.Names}}", "--sort", "names")).toBe("one\ntwo");
  });

  test("of what can't be executed tells it and leaves the container", async () => {
    await create("broken", "bb", "nosuch");
    const result = await home.coracle("start", "broken");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(
      /^Error: unable to start container "[0-9a-f]{64}": .*nosuch.*not found.*\n$/,
    );
    expect(await home.ok("ps", "-a", "--format", "{{.Names}} {{.Status}}")).toBe("broken Created");
    expect(await home.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "broken")).toBe(
      "created 0",
    );
  });

  test("that fails leaves what an earlier run ended with", async () => {
    const program = join(home.env.HOME as string, "program");
    mkdirSync(program);
    writeFileSync(join(program, "run"), "#!/bin/sh\nexit 7\n", { mode: 0o755 });
    await create("once", "-v", `${program}:/program`, "bb", "/program/run");
    expect(await home.coracle("start", "-a", "once")).toMatchObject({ exitCode: 7 });
    rmSync(join(program, "run"));
    expect(await home.coracle("start", "once")).toMatchObject({ exitCode: 125 });
    expect(await home.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "once")).toBe("exited 7");
  });
});

describe("stop", () => {
  test("sends SIGTERM and waits", async () => {
    await runDetached("polite", ...polite);
    await up("polite");
    expect(await home.ok("stop", "polite")).toBe("polite");
    expect(await state("polite", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 7");
    expect(await home.ok("logs", "polite")).toBe("up\nbye");
  });

  test("kills what doesn't listen after --time seconds", async () => {
    await runDetached("deaf", "bb", "sleep", "1000");
    const begin = Date.now();
    await home.ok("stop", "--time", "1", "deaf");
    expect(Date.now() - begin).toBeGreaterThan(900);
    // And not the ten that are usual.
    expect(Date.now() - begin).toBeLessThan(10_000);
    expect(await state("deaf", "{{.State.ExitCode}}")).toBe("137");
  });

  test("uses the container's own signal and time", async () => {
    await runDetached(
      "own",
      "--stop-signal",
      "USR1",
      "bb",
      "sh",
      "-c",
      "trap 'exit 21' USR1; echo up; while :; do sleep 0.02; done",
    );
    await up("own");
    await home.ok("stop", "own");
    expect(await state("own", "{{.State.ExitCode}}")).toBe("21");
    await runDetached("quick", "--stop-timeout", "0", "bb", "sleep", "1000");
    const begin = Date.now();
    await home.ok("stop", "quick");
    expect(Date.now() - begin).toBeLessThan(10_000);
  });

  test("of a stopped one is no error, of none it is, with --ignore not", async () => {
    await create("never", "bb");
    expect(await home.ok("stop", "never")).toBe("never");
    const result = await home.coracle("stop", "nosuch");
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(await home.coracle("stop", "--ignore", "nosuch")).toMatchObject({ exitCode: 0 });
  });

  test("--all stops all at the same time", async () => {
    const names = ["a", "b", "c"];
    // Each ends when all have been told to.
    const meet = `touch /told/$HOSTNAME; while [ $(ls /told | wc -l) -lt ${names.length} ]; do sleep 0.02; done; exit 3`;
    const script = `trap '${meet}' TERM; echo up; while :; do sleep 0.02; done`;
    for (const name of names) {
      await runDetached(name, "--hostname", name, "-v", "told:/told", "bb", "sh", "-c", script);
      await up(name);
    }
    expect((await home.ok("stop", "-a", "-t", "20")).split("\n")).toHaveLength(3);
    expect(await home.ok("ps", "-a", "--format", "{{.Status}}")).toMatch(/^(Exited \(3\) .*\n?){3}$/);
  });

  test("of a paused one works", async () => {
    await runDetached("frozen", ...polite);
    await up("frozen");
    await home.ok("pause", "frozen");
    await home.ok("stop", "-t", "3", "frozen");
    expect(await state("frozen")).toBe("exited");
  });

  test("removes a --rm container", async () => {
    await runDetached("gone", "--rm", "bb", "sleep", "1000");
    await home.ok("stop", "-t", "0", "gone");
    await waitUntil(async () => (await home.ok("ps", "-aq")) === "", { what: "the removal" });
  });
});

describe("kill", () => {
  test("kills, or sends another signal", async () => {
    await runDetached("k", "bb", "sh", "-c", "trap 'echo usr1' USR1; echo up; while :; do sleep 0.02; done");
    await up("k");
    expect(await home.ok("kill", "--signal", "USR1", "k")).toBe("k");
    await waitUntil(async () => (await home.ok("logs", "k")).includes("usr1"), { what: "the handler" });
    expect(await state("k")).toBe("running");
    expect(await home.ok("kill", "k")).toBe("k");
    expect(await state("k", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 137");
  });

  test("of one that doesn't run, or an unknown signal, is an error", async () => {
    await create("still", "bb");
    const result = await home.coracle("kill", "still");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/^Error: can only kill running containers.*created.*\n$/);
    expect(await home.coracle("kill", "--signal", "NOSUCH", "still")).toMatchObject({ exitCode: 125 });
  });
});

describe("restart", () => {
  test("stops and starts, also one that doesn't run", async () => {
    await runDetached("r", ...polite);
    await up("r");
    const pid = await state("r", "{{.State.Pid}}");
    expect(await home.ok("restart", "r")).toBe("r");
    expect(await state("r")).toBe("running");
    expect(await state("r", "{{.State.Pid}}")).not.toBe(pid);
    await home.ok("kill", "r");
    await home.ok("restart", "-t", "1", "r");
    expect(await state("r")).toBe("running");
    await create("fresh", "bb", "sleep", "1000");
    await home.ok("restart", "fresh");
    expect(await state("fresh")).toBe("running");
  });
});

describe("wait", () => {
  test("prints the exit code when it ends", async () => {
    await runDetached("w", "-i", "bb", "sh", "-c", "sleep 0.2; exit 5");
    expect(await home.ok("wait", "w")).toBe("5");
    expect(await home.ok("wait", "w")).toBe("5");
  });

  test("for a condition, several, and none that exists", async () => {
    await runDetached("w", "bb", "sleep", "1000");
    expect(await home.ok("wait", "--condition", "running", "w")).toBe("-1");
    const waiting = home.start(["wait", "w"]);
    await home.ok("stop", "-t", "0", "w");
    expect(await waiting.done).toMatchObject({ exitCode: 0, stdout: "137\n" });
    expect(await home.coracle("wait", "nosuch")).toMatchObject({ exitCode: 125 });
    expect(await home.ok("wait", "--ignore", "nosuch")).toBe("-1");
  });

  test("for the end of a --rm container", async () => {
    await runDetached("w", "--rm", "bb", "sh", "-c", "while ! test -e /end; do sleep 0.1; done; exit 6");
    const waiting = home.start(["wait", "w"]);
    await waitUntil(() => isConnected(waiting.child.pid as number), { what: "who waits" });
    await home.ok("exec", "w", "touch", "/end");
    expect(await waiting.done).toMatchObject({ exitCode: 0, stdout: "6\n" });
    // And for its removal.
    expect(await home.ok("ps", "-aq")).toBe("");
  });

  test("for the first end of one that its policy restarts", async () => {
    await runDetached("w", "--restart", "always", "bb", "sh", "-c", "sleep 0.3; exit 7");
    expect(await home.ok("wait", "w")).toBe("7");
    expect(await home.ok("wait", "w")).toBe("7");
  });

  test("for the first of several", async () => {
    await runDetached("long", "bb", "sleep", "1000");
    await runDetached("w", "bb", "sh", "-c", "sleep 0.3; exit 8");
    expect(await home.ok("wait", "--exit-first-match", "long", "w")).toBe("8");
    expect(await home.ok("wait", "--return-on-first", "--condition", "exited", "long", "w")).toBe("8");
  });
});

describe("pause and unpause", () => {
  test("freeze and thaw", async () => {
    await runDetached("p", "bb", "sh", "-c", "while :; do date +%s%N >/now; sleep 0.01; done");
    const now = async () => readFileSync(`/proc/${await state("p", "{{.State.Pid}}")}/stat`, "utf8");
    expect(await home.ok("pause", "p")).toBe("p");
    expect(await state("p", "{{.State.Status}} {{.State.Paused}}")).toBe("paused true");
    expect(await home.ok("ps", "-a", "--format", "{{.Status}}")).toBe("Paused");
    expect(await now()).toBe(await now());
    const exec = await home.coracle("exec", "p", "true");
    expect(exec.exitCode).toBe(255);
    expect(exec.stderr).toMatch(/^Error: can only create exec sessions on running containers.*unpause.*\n$/);
    const start = await home.coracle("start", "p");
    expect(start).toMatchObject({ exitCode: 125, stdout: "" });
    expect(start.stderr).toMatch(/must be in Created or Stopped state to be started.*unpause/);
    expect((await home.coracle("rm", "p")).stderr).toMatch(
      /^Error: cannot remove container \w+ as it is paused/,
    );
    const again = await home.coracle("pause", "p");
    expect(again.exitCode).toBe(125);
    expect(again.stderr).toMatch(/^Error: .*paused.*\n$/);
    expect(await home.ok("unpause", "p")).toBe("p");
    expect(await state("p")).toBe("running");
    const running = await home.coracle("unpause", "p");
    expect(running.exitCode).toBe(125);
    expect(running.stderr).toMatch(/^Error: .* is not paused, can't unpause.*running\n$/);
  });

  test("--all", async () => {
    await runDetached("x", "bb", "sleep", "1000");
    await runDetached("y", "bb", "sleep", "1000");
    expect((await home.ok("pause", "--all")).split("\n")).toHaveLength(2);
    expect((await home.ok("unpause", "--all")).split("\n")).toHaveLength(2);
  });

  test("rm --force of a paused one works", async () => {
    await runDetached("z", "bb", "sleep", "1000");
    await home.ok("pause", "z");
    expect((await home.coracle("rm", "z")).exitCode).toBe(2);
    await home.ok("rm", "-f", "-t", "0", "z");
  });
});

describe("rename", () => {
  test("gives the name and frees the old one", async () => {
    const id = await runDetached("old", "bb", "sleep", "1000");
    expect(await home.ok("rename", "old", "new")).toBe("");
    expect(await state("new", "{{.Id}} {{.Name}}")).toBe(`${id} new`);
    expect((await home.coracle("inspect", "old")).exitCode).toBe(125);
    await create("old", "bb");
    const result = await home.coracle("rename", "old", "new");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/name new already in use.*: container already exists/);
    expect(await home.coracle("rename", "old", "bad/name")).toMatchObject({ exitCode: 125 });
    expect(await state("old", "{{.Name}}")).toBe("old");
  });
});

describe("rm", () => {
  test("removes what doesn't run, its files and its name", async () => {
    const id = await create("r", "bb");
    expect(await home.ok("rm", "r")).toBe("r");
    expect(existsSync(join(home.store, "containers", id))).toBe(false);
    expect(await create("r", "bb")).not.toBe(id);
  });

  test("refuses a running one with 2, --force takes it", async () => {
    const id = await runDetached("runs", "bb", "sleep", "1000");
    const result = await home.coracle("rm", "runs");
    expect(result).toMatchObject({ exitCode: 2, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^Error: cannot remove container ${id} as it is running.*\n$`));
    expect(await home.ok("rm", "--force", "--time", "0", "runs")).toBe("runs");
  });

  test("of none: 1, with --force or --ignore nothing", async () => {
    const result = await home.coracle("rm", "nosuch");
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toMatch(
      /^Error: no container with ID or name "nosuch" found: no such container.*\n$/,
    );
    expect(await home.coracle("rm", "--ignore", "nosuch")).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await home.coracle("rm", "--force", "nosuch")).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("of files that belong to others and can't be read", async () => {
    await home.coracle(
      "run",
      "--name",
      "locked",
      "--network",
      "none",
      "bb",
      "sh",
      "-c",
      "mkdir -p /d/e; echo x >/d/e/f; chown -R 1:1 /d; chmod 0 /d/e /d",
    );
    const id = await state("locked", "{{.Id}}");
    await home.ok("rm", "locked");
    expect(existsSync(join(home.store, "containers", id))).toBe(false);
  });

  test("by id prefix, --latest, --cidfile, --all", async () => {
    const id = await create("one", "bb");
    expect(await home.ok("rm", id.slice(0, 12))).toBe(id.slice(0, 12));
    const latest = await create("two", "bb");
    expect(await home.ok("rm", "--latest")).toBe(latest);
    const file = join(home.env.HOME as string, "cidfile");
    const filed = await create("three", "--cidfile", file, "bb");
    expect(readFileSync(file, "utf8")).toBe(filed);
    await home.ok("rm", "--cidfile", file);
    await create("four", "bb");
    await home.ok("rm", "--all");
    expect(await home.ok("ps", "-aq")).toBe("");
  });
});

describe("where a container's directory was damaged", () => {
  test("others are not disturbed, and rm --force takes it away", async () => {
    const id = await create("damaged", "bb");
    await create("whole", "bb", "echo", "fine");
    writeFileSync(join(home.store, "containers", id, "record.json"), "{ not json");
    expect(await home.ok("ps", "-a", "--format", "{{.Names}}")).toBe("whole");
    expect(await home.ok("start", "-a", "whole")).toBe("fine");
    const result = await home.coracle("start", "damaged");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/^Error: .*\n$/);
    expect(result.stderr).not.toContain("internal error");
    const check = await home.coracle("system", "check");
    expect(check.stdout + check.stderr).toContain(id);
    await home.coracle("system", "check", "--repair", "--force");
    expect(existsSync(join(home.store, "containers", id))).toBe(false);
  });
});

test("containers from a directory that is gone, a strange one, with a strict umask", async () => {
  const strange = join(home.env.HOME as string, 'a "b"\n$(c) ü');
  mkdirSync(strange);
  expect(
    await home.run(
      ["run", "--rm", "--network", "none", "-v", ".:/here", "bb", "sh", "-c", "pwd; touch /here/x"],
      { cwd: strange },
    ),
  ).toMatchObject({
    exitCode: 0,
    stdout: "/\n",
  });
  expect(existsSync(join(strange, "x"))).toBe(true);
  const gone = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" run --rm --network none bb echo ok';
  expect(await home.exec(["sh", "-c", gone, home.program])).toMatchObject({
    exitCode: 125,
    stderr: "Error: the working directory was deleted; change to one that exists\n",
  });
  const masked =
    'umask 077; exec "$0" run --rm --network none -u guest bb sh -c "cat /etc/hosts /etc/resolv.conf >/dev/null; umask; ls /"';
  expect(await home.exec(["sh", "-c", masked, home.program])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^0022\n/),
  });
});
