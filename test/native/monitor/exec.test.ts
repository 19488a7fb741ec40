import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive, waitUntil } from "../../support/process.ts";
import { type Bundle, Client, ExecSession, memoryOf, Workshop } from "./support.ts";

let workshop: Workshop;
let bundle: Bundle;
beforeAll(async () => {
  workshop = await new Workshop().ready();
  bundle = workshop.bundle({ args: ["sleep", "1000"] });
  await bundle.background();
});
afterAll(() => workshop.cleanUp());

const stdio = "stdin,stdout,stderr";

class Session extends ExecSession {
  constructor(args: string[], changes: Record<string, unknown> = {}, process: Record<string, unknown> = {}) {
    super(bundle, args, changes, process);
  }
}

test("gives output and exit code", async () => {
  const relay = new Session(["sh", "-c", "echo out; echo err >&2; exit 4"]).run({ attach: stdio });
  expect(await relay.exit).toBe(4);
  expect(relay.stdout.toString()).toBe("out\n");
  expect(relay.stderr).toBe("err\n");
  expect(relay.events).toMatchObject([{ event: "started" }, { event: "exited", exitCode: 4 }]);
});

test("carries stdin to its end", async () => {
  const relay = new Session(["wc", "-c"], { openStdin: true }).run({
    attach: stdio,
    input: Buffer.alloc(3_000_000),
  });
  expect(await relay.exit).toBe(0);
  expect(relay.stdout.toString().trim()).toBe("3000000");
});

test("very short ones all give their code", async () => {
  for (let i = 0; i < 20; i++) {
    expect(await new Session(["sh", "-c", `exit ${i}`]).run({ attach: stdio }).exit).toBe(i);
  }
});

test("has a terminal when asked to", async () => {
  const relay = new Session(
    ["sh", "-c", "test -t 0 && test -t 1 && echo terminal"],
    { openStdin: true },
    { terminal: true },
  ).run({ attach: stdio });
  expect(await relay.exit).toBe(0);
  expect(relay.stdout.toString()).toBe("terminal\r\n");
});

test("goes on in the background and keeps its own status", async () => {
  const session = new Session(["sh", "-c", "until [ -e /dev/go ]; do sleep 0.05; done; exit 7"]);
  expect(await session.run().exit).toBe(0);
  expect(session.status).toMatchObject({ status: "running", init: { pid: expect.any(Number) } });
  await new Session(["touch", "/dev/go"]).run({ attach: stdio }).exit;
  await waitUntil(() => session.status.status === "exited");
  expect(session.status.exitCode).toBe(7);
});

test("is supervised with little memory, however much it writes and however slowly that is read", async () => {
  const session = new Session(["sh", "-c", "seq 1 400000; echo end; sleep 100"]);
  const relay = session.run({ attach: stdio });
  relay.child.stdout?.pause();
  await relay.started();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { pid } = session.status.monitor;
  expect(memoryOf(pid).anonymous).toBeLessThan(1024);
  relay.child.stdout?.resume();
  await relay.waitForOutput(/end\n$/);
  expect(memoryOf(pid).anonymous).toBeLessThan(1024);
  const client = await Client.open(join(session.directory, "attach"));
  await client.kill(9);
  expect(await relay.exit).toBe(137);
});

test("can be signalled over its socket", async () => {
  const session = new Session(["sleep", "100"]);
  await session.run().exit;
  const client = await Client.open(join(session.directory, "attach"));
  expect(await client.kill(15)).toEqual({ ok: true });
  await client.closed;
  expect(session.status).toMatchObject({ status: "exited", exitCode: 143 });
});

test.each([
  ["command-not-found", 127, "no-such-program"],
  ["not-executable", 126, "/etc/plain"],
])("%s has exit code %i", async (code, exitCode, program) => {
  const relay = new Session([program]).run({ attach: stdio });
  expect(await relay.exit).toBe(exitCode);
  await relay.told();
  expect(relay.events).toMatchObject([{ event: "error", code, exitCode }]);
});

test("in a container that has gone fails", async () => {
  const session = new Session(["true"], { init: { pid: 1, startTime: 1, bootId: "0".repeat(36) } });
  const relay = session.run({ attach: stdio });
  expect(await relay.exit).toBe(125);
  await relay.told();
  expect(relay.events).toMatchObject([{ event: "error", code: "container-not-running" }]);
});

test("ends with its container", async () => {
  const session = new Session(["sleep", "100"]);
  const relay = session.run({ attach: stdio });
  await relay.started();
  await (await bundle.client()).stop(0);
  expect(await relay.exit).toBe(137);
  await waitUntil(() => !isAlive(session.status.monitor.pid));
});
