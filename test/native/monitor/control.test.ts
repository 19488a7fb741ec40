import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive, waitUntil } from "../../support/process.ts";
import { hasProgram, skipUnless } from "../../support/requirements.ts";
import { type Bundle, memoryOf, Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

const stdio = "stdin,stdout,stderr";
const deaf = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"];
const obedient = ["sh", "-c", "trap 'exit 9' TERM; trap 'exit 8' USR2; echo up; while :; do sleep 0.1; done"];

describe("stop", () => {
  test("sends the stop signal and answers when the container has ended", async () => {
    const bundle = workshop.bundle({ args: obedient });
    await bundle.background();
    const client = await bundle.client(2);
    await waitUntil(() => bundle.log.includes("up"));
    expect(await client.stop()).toEqual({ ok: true });
    expect(bundle.status).toMatchObject({ status: "exited", exitCode: 9, stoppedByUser: true });
    await client.closed;
    expect(
      client.frames.filter(({ type }) => type === "X").map(({ payload }) => JSON.parse(payload.toString())),
    ).toEqual([{ event: "exited", exitCode: 9, signal: 0, oomKilled: false }]);
  });

  test("sends another signal when asked to", async () => {
    const bundle = workshop.bundle({ args: obedient });
    await bundle.background();
    await waitUntil(() => bundle.log.includes("up"));
    await (await bundle.client()).stop(-1, 12);
    expect(bundle.status.exitCode).toBe(8);
  });

  test("kills after the timeout", async () => {
    const bundle = workshop.bundle({ args: deaf, monitor: { stopTimeout: 1 } });
    await bundle.background();
    await waitUntil(() => bundle.log.includes("up"));
    const begun = Date.now();
    const stopping = (await bundle.client()).stop();
    await bundle.waitFor("stopping");
    await stopping;
    expect(Date.now() - begun).toBeGreaterThanOrEqual(990);
    // And not that of the others.
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(bundle.status).toMatchObject({ exitCode: 137, signal: 9 });
  });

  test("with a signal that there is not is refused", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    await bundle.background();
    const client = await bundle.client();
    expect(await client.stop(-1, 65)).toMatchObject({ ok: false, code: "bad-config" });
    expect(bundle.status.status).toBe("running");
    expect(await client.stop(0)).toEqual({ ok: true });
  });

  test("with timeout 0 kills at once", async () => {
    const bundle = workshop.bundle({ args: deaf });
    await bundle.background();
    await (await bundle.client()).stop(0);
    expect(bundle.status.exitCode).toBe(137);
  });

  test("is what SIGTERM to the monitor does, though the user hasn't asked for it", async () => {
    const bundle = workshop.bundle({ args: obedient });
    await bundle.background();
    await waitUntil(() => bundle.log.includes("up"));
    process.kill(bundle.status.monitor.pid, "SIGTERM");
    expect(await bundle.waitFor("exited")).toMatchObject({ exitCode: 9, stoppedByUser: false });
  });

  test("works although a client reads nothing", async () => {
    const bundle = workshop.bundle({ args: ["yes"], monitor: { log: { driver: "none" } } });
    await bundle.background();
    const stuck = await bundle.client(2);
    stuck.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const client = await bundle.client();
    const { monitor } = bundle.status;
    expect(memoryOf(monitor.pid).anonymous).toBeLessThan(1024);
    expect(await client.stop(0)).toEqual({ ok: true });
    expect(bundle.status.status).toBe("exited");
    // Its output and its end wait for the slow one; the container can be started again meanwhile.
    expect(await bundle.run().exit).toBe(0);
    await (await bundle.client()).stop(0);
    stuck.socket.resume();
    await stuck.closed;
    expect(stuck.frames.at(-1)?.type).toBe("X");
    await waitUntil(() => !isAlive(monitor.pid), { what: "end of the first monitor" });
  });
});

test("a container is killed after its timeout, and has Podman's exit code for that", async () => {
  const relay = await workshop.bundle({ args: deaf, monitor: { timeout: 1 } }).output();
  expect(await relay.exit).toBe(255);
});

describe("restart policy", () => {
  test("on-failure starts again so many times", async () => {
    const args = ["sh", "-c", "echo run >>/tmp/runs; cat /tmp/runs; exit 6"];
    const bundle = workshop.bundle({ args, monitor: { restart: { policy: "on-failure", max: 2 } } });
    await bundle.background();
    expect(await bundle.waitFor("exited")).toMatchObject({
      exitCode: 6,
      restartCount: 2,
      stoppedByUser: false,
    });
    expect(bundle.log.match(/run$/gm)).toHaveLength(1 + 2 + 3);
  });

  test("on-failure leaves a container that succeeded", async () => {
    const bundle = workshop.bundle({
      args: ["true"],
      monitor: { restart: { policy: "on-failure", max: 0 } },
    });
    await bundle.background();
    expect(await bundle.waitFor("exited")).toMatchObject({ restartCount: 0 });
  });

  test("always starts again until it is stopped, also between two runs", async () => {
    const bundle = workshop.bundle({ args: ["true"], monitor: { restart: { policy: "always", max: 0 } } });
    const relay = bundle.run({ attach: stdio });
    expect(await relay.exit).toBe(0);
    await waitUntil(() => bundle.status.restartCount >= 3);
    await bundle.waitFor("restarting");
    const client = await bundle.client();
    const asked = Date.now();
    expect(await client.stop()).toEqual({ ok: true });
    expect(bundle.status).toMatchObject({ status: "exited", stoppedByUser: true });
    // The next run isn't waited for.
    expect(Date.parse(bundle.status.startedAt as string)).toBeLessThanOrEqual(asked);
  });

  test("a killed container is started again, one killed by its user is not", async () => {
    const bundle = workshop.bundle({
      args: ["sleep", "100"],
      monitor: { restart: { policy: "always", max: 0 } },
    });
    await bundle.background();
    const first = bundle.status.init?.pid as number;
    process.kill(first, "SIGKILL");
    await waitUntil(() => bundle.status.restartCount === 1 && bundle.status.status === "running");
    expect(bundle.status.init?.pid).not.toBe(first);
    await (await bundle.client()).kill(9);
    expect(await bundle.waitFor("exited")).toMatchObject({ restartCount: 1, exitCode: 137 });
  });
});

describe("cleanup", () => {
  /** Keeps the status it finds and tells whether the lock is free. */
  const script =
    'cat "$0/status.json" >"$0/cleaned.new"; flock -n "$0/lock" echo free >>"$0/cleaned.new"; mv "$0/cleaned.new" "$0/cleaned"';
  const withCleanup = (args: string[], changes = {}): Bundle => {
    const bundle = workshop.bundle({ args });
    bundle.change({ cleanup: ["/bin/sh", "-c", script, bundle.directory], ...changes });
    return bundle;
  };

  test("is run when the container has ended and nobody is there", async () => {
    const bundle = withCleanup(["sleep", "100"]);
    await bundle.background();
    process.kill(bundle.status.init?.pid as number, "SIGKILL");
    await waitUntil(() => bundle.exists("cleaned"));
    expect(readFileSync(join(bundle.directory, "cleaned"), "utf8")).toMatch(/"status":"exited".*\nfree\n$/);
    expect(readdirSync(join(bundle.directory, "run"))).toEqual([]);
  });

  test("is left to the engine that is there, unless it is to be run always", async () => {
    const bundle = withCleanup(["true"]);
    const relay = await bundle.output();
    expect(await relay.exit).toBe(0);
    await waitUntil(() => !isAlive(bundle.status.monitor.pid));
    expect(bundle.exists("cleaned")).toBe(false);
    bundle.change({ cleanupAlways: true });
    await bundle.output();
    await waitUntil(() => bundle.exists("cleaned"));
  });

  test("is run where the relay only waited for the start, and hasn't left yet", async () => {
    // The uppermost process of the monitor's is the relay.
    const stop = `p=$$; name=$(cat /proc/$PPID/comm)
      while q=$(sed -n 's/^PPid:.//p' /proc/$p/status); [ "$(cat /proc/$q/comm)" = "$name" ]; do p=$q; done
      echo $p >"$0"; kill -STOP $p`;
    const stopped = join(workshop.directory, "relay");
    const hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", stop, stopped] }] };
    const bundle = workshop.bundle({ args: ["true"], hooks });
    bundle.change({ cleanup: ["/bin/sh", "-c", script, bundle.directory] });
    const relay = bundle.run();
    await waitUntil(() => bundle.exists("cleaned"));
    process.kill(Number(readFileSync(stopped, "utf8")), "SIGCONT");
    expect(await relay.exit).toBe(0);
  });

  test("is run when the engine was killed meanwhile", async () => {
    const bundle = withCleanup(["sleep", "100"]);
    const relay = bundle.run({ attach: stdio });
    const init = await relay.started();
    relay.control.destroy();
    await relay.exit;
    process.kill(init, "SIGKILL");
    await waitUntil(() => bundle.exists("cleaned"));
  });
});

describe("clients", () => {
  test("all get the output, and only what they asked for", async () => {
    const args = ["sh", "-c", "read line; echo out; echo err >&2; sleep 100"];
    const bundle = workshop.bundle({ args, monitor: { openStdin: true, stdinOnce: false } });
    await bundle.background();
    const clients = await Promise.all([
      bundle.client(2),
      bundle.client(4),
      bundle.client(6),
      bundle.client(0),
    ]);
    const writer = await bundle.client(1);
    writer.send("I", "go\n");
    const lengths = () => clients.map((client) => client.output().length);
    await waitUntil(() => lengths().join() === "4,4,8,0");
    expect(clients.map((client) => client.output())).toEqual([
      "out\n",
      "err\n",
      expect.stringMatching(/out\n/),
      "",
    ]);
    await (await bundle.client()).stop(0);
  });

  test("stdin stays open for the next one unless it is for one only", async () => {
    const open = workshop.bundle({ args: ["cat"], monitor: { openStdin: true, stdinOnce: false } });
    await open.background();
    const first = open.attach({ attach: stdio, input: "one\n" });
    await first.waitForOutput(/one/);
    first.control.end();
    expect(await first.exit).toBe(125);
    const second = open.attach({ attach: stdio, input: "two\n" });
    await second.waitForOutput(/two/);
    expect(open.status.status).toBe("running");
    await (await open.client()).stop(0);

    const once = workshop.bundle({ args: ["cat"], monitor: { openStdin: true, stdinOnce: true } });
    await once.background();
    const only = once.attach({ attach: stdio, input: "one\n" });
    expect(await only.exit).toBe(0);
    expect(only.stdout.toString()).toBe("one\n");
  });

  test("an attached relay ends with the container's exit code", async () => {
    const bundle = workshop.bundle({ args: ["sh", "-c", "read x; exit 5"], monitor: { openStdin: true } });
    await bundle.background();
    const relay = bundle.attach({ attach: stdio, input: "\n" });
    expect(await relay.exit).toBe(5);
    expect(relay.events).toEqual([{ event: "exited", exitCode: 5, signal: 0, oomKilled: false }]);
    const late = bundle.attach({ attach: stdio });
    expect(await late.exit).toBe(125);
    expect(late.events).toMatchObject([{ event: "error", code: "container-not-running" }]);
  });

  test("attach can start a container that waits for it, losing no output", async () => {
    const bundle = workshop.bundle({ args: ["echo", "first"] });
    await bundle.background({ more: ["--no-start"] });
    const relay = bundle.attach({ attach: stdio, more: ["--start"] });
    expect(await relay.exit).toBe(0);
    expect(relay.stdout.toString()).toBe("first\n");
  });

  test("garbage on the socket closes it and harms nobody", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    await bundle.background();
    for (let i = 0; i < 50; i++) {
      const socket = createConnection(bundle.socket);
      socket.on("error", () => {});
      const hello = Buffer.from([0x48, 1, 0, 0, 0, 7]);
      socket.end(i % 2 ? Buffer.concat([hello, randomBytes(100)]) : randomBytes(100));
      await new Promise((resolve) => socket.on("close", resolve));
    }
    const client = await bundle.client();
    expect(await client.kill(99)).toMatchObject({ ok: false });
    expect(await client.kill(9)).toEqual({ ok: true });
    expect((await bundle.waitFor("exited")).exitCode).toBe(137);
  });

  test("requests without end, whose answers nobody reads, cost no memory", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    await bundle.background();
    const floods = Array.from({ length: 8 }, () => createConnection(bundle.socket));
    for (const flood of floods) {
      flood.on("error", () => {});
      flood.pause();
      flood.write(Buffer.from([0x48, 1, 0, 0, 0, 0]));
      flood.write(Buffer.concat(Array(30_000).fill(Buffer.from([0x4b, 4, 0, 0, 0, 0, 0, 0, 0]))));
    }
    const client = await bundle.client();
    for (let i = 0; i < 200; i++) expect(await client.kill(0)).toMatchObject({ ok: false });
    expect(memoryOf(bundle.status.monitor.pid).anonymous).toBeLessThan(1024);
    for (const flood of floods) flood.destroy();
    expect(await client.stop(0)).toEqual({ ok: true });
  });

  test("another user is turned away, whatever the modes of socket and directory", async (context) => {
    skipUnless(context, hasProgram("python3"));
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    await bundle.background();
    const ask = `
import os, socket, sys
directory = os.open(sys.argv[1], os.O_PATH)
os.chmod("attach", 0o777, dir_fd=directory); os.chmod(sys.argv[1], 0o777)
os.setuid(int(sys.argv[2]))
with socket.socket(socket.AF_UNIX) as s:
    s.connect(f"/proc/self/fd/{directory}/attach")
    try:
        s.send(b"H\\1\\0\\0\\0\\x08"); print(s.recv(100))
    except OSError: print("closed")
`;
    const answer = (uid: string) =>
      execFileSync("nsenter", [
        ...workshop.inNamespace(["python3", "-c", ask, join(bundle.directory, "run"), uid]).slice(1),
      ]).toString();
    expect(answer("0")).toBe("b'H\\x01\\x00\\x00\\x00\\x00'\n");
    expect(answer("1")).toMatch(/^(closed|b'')\n$/);
    await bundle.end();
  });

  test("no abstract socket is made", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    const names = () => readFileSync("/proc/net/unix", "utf8").match(/@.*(coracle|attach)/g);
    await bundle.background();
    expect(names()).toBeNull();
    await (await bundle.client()).stop(0);
  });
});
