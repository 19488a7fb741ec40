/** Signals on their way to a container, and its end. */
import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";

const home = useHome({ image: true });
/** Says `up`, then exits with the number of the signal that it gets. */
const catcher = `for n in 1 2 3 10 12 15; do trap "exit $n" $n; done; echo up; while :; do sleep 0.02; done`;

const foreground = (flags: string[], script: string) =>
  home.start(["run", "--rm", "--network", "none", ...flags, "bb", "sh", "-c", script]);

describe("a signal to the command", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const)(
    "%s reaches the container",
    async (signal) => {
      const running = foreground([], catcher);
      await running.waitForOutput(/up/);
      running.child.kill(signal);
      expect(await running.done).toMatchObject({ exitCode: constants.signals[signal], stderr: "" });
      expect(await home.ok("ps", "-aq")).toBe("");
    },
  );

  test("to its whole process group reaches the container, and its end is waited for", async () => {
    // As timeout(1) does it.
    const script = `trap "echo got; exit 3" 15; echo up; while :; do sleep 0.02; done`;
    const run = ["run", "--rm", "--network", "none", "bb", "sh", "-c", script];
    const running = home.spawn(["setsid", home.program, ...run]);
    await running.waitForOutput(/up/);
    process.kill(-(running.child.pid as number), "SIGTERM");
    expect(await running.done).toMatchObject({ exitCode: 3, stdout: "up\ngot\n", stderr: "" });
    expect(await home.ok("ps", "-aq")).toBe("");
  });

  test("with --sig-proxy=false ends the command and not the container", async () => {
    const running = foreground(["--name", "noproxy", "--sig-proxy=false"], catcher);
    await running.waitForOutput(/up/);
    running.child.kill("SIGTERM");
    expect(await running.done).toMatchObject({ signal: "SIGTERM" });
    expect(await home.ok("ps", "--format", "{{.Names}}")).toBe("noproxy");
    await home.ok("kill", "--signal", "TERM", "noproxy");
    await waitUntil(async () => (await home.ok("ps", "-aq")) === "", { what: "the removal" });
  });

  test("SIGKILL leaves a container without --rm running", async () => {
    const running = foreground(["--rm=false", "--name", "survivor"], catcher);
    await running.waitForOutput(/up/);
    running.child.kill("SIGKILL");
    await running.done;
    expect(await home.ok("ps", "--format", "{{.Names}} {{.State}}")).toBe("survivor running");
    await home.ok("stop", "survivor");
    expect(await home.ok("inspect", "-f", "{{.State.ExitCode}}", "survivor")).toBe("15");
    await home.ok("rm", "survivor");
  });
});

describe("the exit code for a death by signal", () => {
  test.each([
    ["KILL", 137],
    ["SEGV", 139],
    ["9", 137],
  ])("SIG%s", async (signal, exitCode) => {
    // The first process gets only what it has a handler for, unless it comes from outside.
    const running = foreground(["--name", `dies-${signal}`], "echo up; exec sleep 1000");
    await running.waitForOutput(/up/);
    const pid = Number(await home.ok("inspect", "-f", "{{.State.Pid}}", `dies-${signal}`));
    if (signal === "SEGV") {
      // Its owner's other processes may send it the signal, but as first process it ignores it.
      await home.ok("kill", "--signal", signal, `dies-${signal}`);
      expect(await home.ok("ps", "-q", "--filter", `name=dies-${signal}`)).not.toBe("");
      await home.ok("kill", `dies-${signal}`);
      expect(await running.done).toMatchObject({ exitCode: 137 });
      return;
    }
    expect(pid).toBeGreaterThan(1);
    await home.ok("kill", "--signal", signal, `dies-${signal}`);
    expect(await running.done).toMatchObject({ exitCode });
  });
});

describe("--init", () => {
  test("reaps what nobody waits for and passes signals on", async () => {
    const script = `for n in 1 2 3; do sh -c 'sleep 0.01 &' ; done; echo up; ${catcher}`;
    const running = foreground(["--init", "--name", "inits"], script);
    await running.waitForOutput(/up\nup/);
    expect(await home.ok("exec", "inits", "cat", "/proc/1/comm")).toBe("podman-init");
    await waitUntil(
      async () =>
        !/^Z/m.test(
          await home.ok("exec", "inits", "sh", "-c", "grep -h ^State /proc/*/status 2>/dev/null | cut -f 2"),
        ),
      {
        what: "the end of the zombies",
      },
    );
    running.child.kill("SIGUSR1");
    expect(await running.done).toMatchObject({ exitCode: 10 });
  });

  test("exits with the command's code, 128 + n for its signal, 127 where it doesn't exist", async () => {
    const run = (...args: string[]) =>
      home.coracle("run", "--rm", "--network", "none", "--init", "bb", ...args);
    expect(await run("sh", "-c", "exit 33")).toMatchObject({ exitCode: 33 });
    expect(await run("sh", "-c", "kill -TERM $$")).toMatchObject({ exitCode: 143 });
    expect(await run("nosuch")).toMatchObject({ exitCode: 127 });
    // Without an init the first process would have ignored this.
    const running = foreground(["--init"], "echo up; exec sleep 1000");
    await running.waitForOutput(/up/);
    running.child.kill("SIGTERM");
    expect(await running.done).toMatchObject({ exitCode: 143 });
  });
});

describe("restart policies", () => {
  const counter = "echo run >>/log/runs; exit $(cat /log/code)";
  const runs = async (volume: string) =>
    (
      await home.ok("run", "--rm", "--network", "none", "-v", `${volume}:/log`, "bb", "cat", "/log/runs")
    ).split("\n").length;

  test("on-failure:N restarts a failing container N times", async () => {
    await home.ok("run", "--rm", "--network", "none", "-v", "a:/log", "bb", "sh", "-c", "echo 3 >/log/code");
    await home.ok(
      "run",
      "-d",
      "--name",
      "failing",
      "--network",
      "none",
      "--restart",
      "on-failure:2",
      "-v",
      "a:/log",
      "bb",
      "sh",
      "-c",
      counter,
    );
    // Of one of its ends, whichever comes.
    expect(await home.ok("wait", "failing")).toBe("3");
    await expect
      .poll(() => home.ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", "failing"), {
        timeout: 10_000,
      })
      .toBe("2 exited");
    expect(await runs("a")).toBe(3);
    await home.ok("rm", "failing");
    await home.ok("volume", "rm", "a");
  });

  test("on-failure leaves a successful one alone", async () => {
    await home.ok("run", "--rm", "--network", "none", "-v", "b:/log", "bb", "sh", "-c", "echo 0 >/log/code");
    await home.ok(
      "run",
      "-d",
      "--name",
      "fine",
      "--network",
      "none",
      "--restart",
      "on-failure",
      "-v",
      "b:/log",
      "bb",
      "sh",
      "-c",
      counter,
    );
    expect(await home.ok("wait", "fine")).toBe("0");
    expect(await runs("b")).toBe(1);
    await home.ok("rm", "fine");
    await home.ok("volume", "rm", "b");
  });

  test.each(["always", "unless-stopped"])("%s restarts until it is stopped", async (policy) => {
    await home.ok(
      "run",
      "-d",
      "--name",
      policy,
      "--network",
      "none",
      "--restart",
      policy,
      "bb",
      "sh",
      "-c",
      "sleep 0.05; exit 0",
    );
    await waitUntil(async () => Number(await home.ok("inspect", "-f", "{{.RestartCount}}", policy)) >= 2, {
      what: "two restarts",
    });
    await home.ok("stop", "-t", "1", policy);
    expect(await home.ok("inspect", "-f", "{{.State.Status}}", policy)).toBe("exited");
    await home.ok("rm", policy);
  });

  test("stop works at whatever moment of restarting it comes", async () => {
    for (let round = 0; round < 8; round++) {
      const name = `moment-${round}`;
      await home.ok("run", "-d", "--name", name, "--network", "none", "--restart", "always", "bb", "true");
      await new Promise((resolve) => setTimeout(resolve, round * 17));
      await home.ok("stop", "-t", "0", name);
      expect(await home.ok("inspect", "-f", "{{.State.Status}}", name)).toBe("exited");
    }
    await home.ok("rm", "--all");
  });

  test("conflicts with --rm", async () => {
    expect(await home.coracle("run", "--rm", "--restart", "always", "bb", "true")).toMatchObject({
      exitCode: 125,
    });
  });

  test("on-failure with --rm: starts again until it ends well, and is removed then", async () => {
    const script = "echo >>/v/runs; test $(wc -l </v/runs) -gt 1 || exit 3";
    const flags = ["--rm", "--name", "again", "--restart", "on-failure", "--network", "none", "-v", "r:/v"];
    // As Podman: who follows it sees the first end.
    expect((await home.coracle("run", ...flags, "bb", "sh", "-c", script)).exitCode).toBe(3);
    await expect
      .poll(async () => (await home.coracle("container", "exists", "again")).exitCode, { timeout: 10_000 })
      .toBe(1);
    expect(await home.ok("run", "--rm", "--network", "none", "-v", "r:/v", "bb", "wc", "-l", "/v/runs")).toBe(
      "2 /v/runs",
    );
    await home.ok("volume", "rm", "r");
  });
});
