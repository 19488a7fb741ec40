import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive, waitUntil } from "../../support/process.ts";
import { memoryOf, underValgrind, Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

const stdio = "stdin,stdout,stderr";

describe("a container in the foreground", () => {
  test("gives its output, its exit code and its end", async () => {
    const bundle = workshop.bundle({ args: ["sh", "-c", "echo out; echo err >&2; exit 3"] });
    const relay = await bundle.output();
    expect(await relay.exit).toBe(3);
    expect(relay.stdout.toString()).toBe("out\n");
    expect(relay.stderr).toBe("err\n");
    expect(relay.events).toEqual([
      { event: "started", pid: expect.any(Number) },
      { event: "exited", exitCode: 3, signal: 0, oomKilled: false },
    ]);
    expect(bundle.status).toMatchObject({
      status: "exited",
      exitCode: 3,
      signal: 0,
      init: null,
      socket: null,
      error: null,
    });
    expect(bundle.status.finishedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect(bundle.exists("run")).toBe(false);
  });

  test("that dies of a signal has exit code 128 and the signal", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    const relay = bundle.run({ attach: stdio });
    process.kill(await relay.started(), "SIGKILL");
    expect(await relay.exit).toBe(137);
    expect(bundle.status).toMatchObject({ exitCode: 137, signal: 9 });
  });

  test("carries 50 MB of binary data both ways, byte for byte", async () => {
    const data = randomBytes(50_000_000);
    const monitor = { openStdin: true, log: { driver: "none", path: null } };
    const relay = await workshop.bundle({ args: ["cat"], monitor }).output({ input: data });
    expect(relay.stdout.equals(data)).toBe(true);
    expect(await relay.exit).toBe(0);
  });

  test("gives all of a large output to a reader that is slow", async () => {
    const bundle = workshop.bundle({
      args: ["sh", "-c", "seq 1 300000"],
      monitor: { log: { driver: "none" } },
    });
    const relay = bundle.run({ attach: stdio });
    relay.child.stdout?.pause();
    await relay.started();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(memoryOf(bundle.status.monitor.pid).anonymous).toBeLessThan(1024);
    relay.child.stdout?.resume();
    await relay.exit;
    expect(relay.stdout.toString().endsWith("299999\n300000\n")).toBe(true);
  });

  test("ends although the caller's stdin stays open", async () => {
    const relay = workshop
      .bundle({ args: ["true"], monitor: { openStdin: true } })
      .run({ attach: stdio, keepStdin: true });
    expect(await relay.exit).toBe(0);
  });

  test("works for a caller that has closed its stdin", async () => {
    const relay = await workshop
      .bundle({ args: ["sh", "-c", "cat; echo end"], monitor: { openStdin: true } })
      .output({ noStdin: true });
    expect(relay.stdout.toString()).toBe("end\n");
  });

  test("has /dev/null as stdin unless it is opened", async () => {
    const relay = await workshop.bundle({ args: ["cat"] }).output({ input: "unread" });
    expect(relay.stdout.toString()).toBe("");
    expect(await relay.exit).toBe(0);
  });

  test("goes on when its reader leaves", async () => {
    const bundle = workshop.bundle({ args: ["yes"], monitor: { log: { driver: "none" } } });
    const relay = bundle.run({ attach: stdio });
    await relay.waitForOutput(/y/);
    relay.child.stdout?.destroy();
    expect(await relay.exit).toBe(141);
    expect(bundle.status.status).toBe("running");
    await bundle.end();
  });

  test("gets the signals of the control descriptor", async () => {
    const bundle = workshop.bundle({
      args: ["sh", "-c", "trap 'echo got; exit 7' USR1; echo up; while :; do sleep 0.1; done"],
    });
    const relay = bundle.run({ attach: stdio });
    await relay.waitForOutput(/up/);
    relay.control.write("signal 10\n");
    expect(await relay.exit).toBe(7);
    expect(relay.stdout.toString()).toBe("up\ngot\n");
  });

  test("gets signals although it does not read its stdin", async () => {
    const bundle = workshop.bundle({
      args: ["sh", "-c", "trap 'exit 7' USR1; echo up; while :; do sleep 0.1; done"],
      monitor: { openStdin: true },
    });
    const relay = bundle.run({ attach: stdio, input: randomBytes(10_000_000) });
    await relay.waitForOutput(/up/);
    relay.control.write("signal 10\n");
    expect(await relay.exit).toBe(7);
  });
});

describe("a start that fails", () => {
  test.each([
    ["command-not-found", 127, ["no-such-program"]],
    ["not-executable", 126, ["/etc/plain"]],
  ])("%s has exit code %i", async (code, exitCode, args) => {
    const bundle = workshop.bundle({ args });
    const relay = await bundle.output();
    expect(await relay.exit).toBe(exitCode);
    expect(relay.events).toEqual([{ event: "error", code, exitCode, message: expect.any(String) }]);
    expect(bundle.status).toMatchObject({ status: "exited", exitCode, error: { code } });
    expect(bundle.exists("run")).toBe(false);
  });

  test("without --attach tells the same", async () => {
    const relay = workshop.bundle({ args: ["no-such-program"] }).run();
    expect(await relay.exit).toBe(127);
    expect(relay.events).toMatchObject([{ event: "error", code: "command-not-found" }]);
  });

  test("unknown keys are errors", async () => {
    const relay = await workshop.bundle({ args: ["true"], monitor: { surprise: 1 } }).output();
    expect(await relay.exit).toBe(125);
    expect(relay.events).toMatchObject([
      { event: "error", code: "bad-config", message: expect.stringContaining("surprise") },
    ]);
  });

  test("a missing layer is named", async () => {
    const bundle = workshop.bundle({ args: ["true"] });
    const rootfs = {
      driver: "overlay",
      lower: ["/no/such/layer"],
      upper: join(bundle.directory, "upper"),
      work: join(bundle.directory, "work"),
      target: join(bundle.directory, "merged"),
      options: [],
    };
    const relay = await workshop.bundle({ args: ["true"], monitor: { rootfs } }).output();
    expect(relay.events).toMatchObject([
      { code: "mount-failed", message: expect.stringContaining("/no/such/layer") },
    ]);
  });

  test("a second monitor fails and leaves the first alone", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    await bundle.background();
    const before = bundle.status;
    const second = await bundle.output();
    expect(await second.exit).toBe(125);
    expect(second.events).toMatchObject([{ event: "error", code: "already-running" }]);
    expect(bundle.status).toEqual(before);
    await bundle.end();
  });
});

describe("a container in the background", () => {
  test("runs when the command has returned", async () => {
    const bundle = workshop.bundle({
      args: ["sh", "-c", "read line; exit 5"],
      monitor: { openStdin: true, stdinOnce: false },
    });
    const relay = bundle.run();
    expect(await relay.exit).toBe(0);
    await relay.told();
    expect(relay.events).toEqual([{ event: "started", pid: bundle.status.init?.pid }]);
    (await bundle.client(1)).send("I", "go\n");
    expect(await bundle.waitFor("exited")).toMatchObject({ exitCode: 5, stoppedByUser: false });
  });

  test("is supervised with little memory", async () => {
    const bundle = workshop.bundle({ args: ["sh", "-c", "seq 1 200000; sleep 100"] });
    const relay = bundle.run({ attach: stdio });
    await relay.waitForOutput(/\n200000\n/);
    for (const pid of [bundle.status.monitor.pid, relay.child.pid as number]) {
      expect(memoryOf(pid).anonymous).toBeLessThanOrEqual(256);
      // Once there is nothing to do. The rest is page cache, of which newer kernels map large pieces at a time.
      await waitUntil(() => memoryOf(pid).resident <= 2048, {
        what: `at most 2 MB, not ${memoryOf(pid).resident} kB`,
      });
    }
    await bundle.end();
  });

  test("goes on when its relay is killed", async () => {
    const bundle = workshop.bundle({ args: ["sh", "-c", "while :; do echo tick; sleep 0.05; done"] });
    const relay = bundle.run({ attach: stdio });
    await relay.waitForOutput(/tick/);
    relay.child.kill("SIGKILL");
    await relay.exit;
    const size = bundle.log.length;
    await waitUntil(() => bundle.log.length > size, { what: "more output" });
    const client = await bundle.client();
    expect(await client.kill(9)).toEqual({ ok: true });
    await bundle.waitFor("exited");
  });

  test("goes on when the engine is gone: the relay leaves with 125", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    const relay = bundle.run({ attach: stdio });
    await relay.started();
    relay.control.end();
    expect(await relay.exit).toBe(125);
    expect(isAlive(bundle.status.init?.pid as number)).toBe(true);
    await bundle.end();
  });

  test("a killed monitor takes its container with it and is told by its relay", async (context) => {
    context.skip(underValgrind, "valgrind doesn't know pidfd_open(2)");
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    const relay = bundle.run({ attach: stdio });
    const init = await relay.started();
    process.kill(bundle.status.monitor.pid, "SIGKILL");
    expect(await relay.exit).toBe(125);
    expect(relay.events[1]).toMatchObject({ event: "error", code: "internal" });
    await waitUntil(() => !isAlive(init), { what: "end of the container" });
  });

  test("can be made first and started later", async () => {
    const bundle = workshop.bundle({ args: ["sh", "-c", "echo now; sleep 100"] });
    const relay = bundle.run({ more: ["--no-start"] });
    expect(await relay.exit).toBe(0);
    await relay.told();
    expect(relay.events).toMatchObject([{ event: "created" }]);
    expect(bundle.status.status).toBe("created");
    const client = await bundle.client(2);
    expect(await client.ask("G")).toEqual({ ok: true });
    expect(bundle.status.status).toBe("running");
    await waitUntil(() => client.output() === "now\n");
    expect(await client.ask("G")).toMatchObject({ ok: false });
    await bundle.end();
  });

  test("its socket is the user's alone", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    await bundle.background();
    expect(statSync(bundle.socket).mode & 0o777).toBe(0o600);
    expect(statSync(join(bundle.directory, "run")).mode & 0o777).toBe(0o700);
    await bundle.end();
  });

  test("output that other processes keep open does not delay the end", async () => {
    // No pid namespace: the background process lives on.
    const bundle = workshop.bundle({
      args: ["sh", "-c", "sleep 1000 & echo $!; exit 4"],
      namespaces: ["mount", "network"],
    });
    const relay = await bundle.output();
    expect(await relay.exit).toBe(4);
    const pid = Number(relay.stdout.toString());
    expect(isAlive(pid)).toBe(true);
    process.kill(pid);
  });
});
