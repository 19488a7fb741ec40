import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../../support/process.ts";
import { hasProgram, skipUnless } from "../../support/requirements.ts";
import { type Bundle, memoryOf, Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

interface Health {
  Status: string;
  FailingStreak: number;
  Log: { Start: string; End: string; ExitCode: number; Output: string }[] | null;
}

/** A container whose check is that command. */
function checked(
  command: string,
  changes: { check?: object; health?: object; monitor?: object; args?: string[] } = {},
): Bundle {
  const bundle = workshop.bundle({ args: changes.args ?? ["sleep", "100"] });
  bundle.change({
    health: {
      check: { command: ["sh", "-c", command], interval: 0, timeout: 30000, retries: 2, ...changes.check },
      startup: null,
      startPeriod: 0,
      onFailure: "none",
      log: join(bundle.directory, "health.json"),
      maxLogCount: 5,
      maxLogSize: 500,
      ...changes.health,
    },
    ...changes.monitor,
  });
  return bundle;
}

function health(bundle: Bundle): Health {
  return JSON.parse(readFileSync(join(bundle.directory, "health.json"), "utf8"));
}

describe("health checks", () => {
  test("are run at the start and then at their interval", async () => {
    const bundle = checked("echo fine; echo odd >&2", { check: { interval: 100 } });
    await bundle.background();
    await waitUntil(() => (health(bundle).Log?.length ?? 0) >= 3, { what: "three checks" });
    const { Status, FailingStreak, Log } = health(bundle);
    expect({ Status, FailingStreak }).toEqual({ Status: "healthy", FailingStreak: 0 });
    expect(Log?.[0]).toMatchObject({ ExitCode: 0, Output: "fine\nodd\n" });
    expect(Date.parse(Log?.[0]?.End as string)).toBeGreaterThanOrEqual(Date.parse(Log?.[0]?.Start as string));
  });

  test("without an interval are run when somebody asks", async () => {
    const bundle = checked("false");
    await bundle.background();
    expect(health(bundle)).toEqual({ Status: "starting", FailingStreak: 0, Log: null });
    const client = await bundle.client();
    expect(await client.ask("V")).toEqual({ ok: true, health: "unhealthy" });
    expect(health(bundle)).toMatchObject({ Status: "starting", FailingStreak: 1, Log: [{ ExitCode: 1 }] });
    expect(await client.ask("V")).toEqual({ ok: true, health: "unhealthy" });
    expect(health(bundle)).toMatchObject({ Status: "unhealthy", FailingStreak: 2 });
  });

  test("become healthy again with one success, and keep the last of their log", async () => {
    const bundle = checked("if test -e /dev/fine; then rm /dev/fine; else touch /dev/fine; exit 3; fi", {
      health: { maxLogCount: 3 },
    });
    await bundle.background();
    const client = await bundle.client();
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push((await client.ask("V")).health);
    expect(answers).toEqual(["unhealthy", "healthy", "unhealthy", "healthy", "unhealthy"]);
    expect(health(bundle)).toMatchObject({ Status: "healthy", FailingStreak: 1 });
    expect(health(bundle).Log?.map((entry) => entry.ExitCode)).toEqual([1, 0, 1]);
  });

  test("that hang are killed after their timeout", async () => {
    // Long enough for a shell to start on a busy machine.
    const bundle = checked("echo begun; exec sleep 100", { check: { timeout: 1500, retries: 1 } });
    await bundle.background();
    expect(await (await bundle.client()).ask("V")).toEqual({ ok: true, health: "timeout" });
    expect(health(bundle)).toMatchObject({ Status: "unhealthy", Log: [{ ExitCode: -1, Output: "begun\n" }] });
  });

  test("may name a command that isn't there, print what is no text, and more than is kept", async () => {
    const missing = checked("", { check: { command: ["/no/such"] } });
    await missing.background();
    expect(await (await missing.client()).ask("V")).toEqual({ ok: true, health: "unhealthy" });
    const loud = checked("printf 'a\\377b\"'; yes | head -c 300000", { health: { maxLogSize: 10 } });
    await loud.background();
    expect(await (await loud.client()).ask("V")).toEqual({ ok: true, health: "healthy" });
    expect(health(loud).Log?.[0]?.Output).toBe('a\ufffdb"y\ny\ny\n');
  });

  test("don't count while the container is given time to start", async () => {
    const bundle = checked("exit 1", { check: { retries: 1 }, health: { startPeriod: 60000 } });
    await bundle.background();
    await (await bundle.client()).ask("V");
    expect(health(bundle)).toMatchObject({ Status: "starting", FailingStreak: 0, Log: [{ ExitCode: 1 }] });
  });

  test("that nobody defined can't be asked for", async () => {
    const bundle = workshop.bundle({ args: ["sleep", "100"] });
    await bundle.background();
    expect(await (await bundle.client()).ask("V")).toMatchObject({ ok: false, code: "no-healthcheck" });
  });

  test("don't keep a container from ending", async () => {
    const bundle = checked("exec sleep 100");
    await bundle.background();
    const asking = (await bundle.client()).ask("V");
    await waitUntil(() => bundle.status.status === "running");
    const begun = Date.now();
    await (await bundle.client()).stop(0);
    expect(await asking).toMatchObject({ ok: false, code: "container-not-running" });
    // Not as long as the check might take.
    expect(Date.now() - begun).toBeLessThan(30_000);
    expect(bundle.status).toMatchObject({ status: "exited", exitCode: 137 });
  });

  test("are run by another runtime", async (context) => {
    skipUnless(context, hasProgram("crun"));
    const bundle = checked("echo there; exit 7", {
      check: { retries: 1 },
      monitor: {
        runtime: {
          path: "/usr/bin/crun",
          args: ["--cgroup-manager=disabled"],
          root: join(workshop.directory, "crun"),
        },
      },
    });
    await bundle.background();
    expect(await (await bundle.client()).ask("V")).toEqual({ ok: true, health: "unhealthy" });
    expect(health(bundle)).toMatchObject({
      Status: "unhealthy",
      Log: [{ ExitCode: 1, Output: expect.stringContaining("there\n") }],
    });
    await (await bundle.client()).stop(0);
  });

  test("leave the monitor small", async () => {
    const bundle = checked("echo fine", { check: { interval: 50 } });
    await bundle.background();
    await waitUntil(() => (health(bundle).Log?.length ?? 0) >= 5);
    const { monitor } = bundle.status;
    expect(memoryOf(monitor.pid).anonymous).toBeLessThan(400);
  });
});

describe("a startup check", () => {
  const startup = { interval: 0, timeout: 30000, retries: 0, successes: 2 };

  test("comes before the regular one until it has passed", async () => {
    const bundle = checked("echo regular", {
      health: { startup: { ...startup, command: ["sh", "-c", "echo startup"] } },
    });
    await bundle.background();
    const client = await bundle.client();
    for (let i = 0; i < 3; i++) expect(await client.ask("V")).toEqual({ ok: true, health: "healthy" });
    expect(health(bundle).Log?.map(({ Output }) => Output)).toEqual(["startup\n", "startup\n", "regular\n"]);
  });

  test("that fails too often has the container restarted", async () => {
    const bundle = checked("true", {
      health: { startup: { ...startup, command: ["false"], retries: 2 } },
      args: ["sleep", "100"],
      monitor: { stopSignal: 9 },
    });
    await bundle.background();
    const first = bundle.status.init?.pid;
    const client = await bundle.client();
    expect(await client.ask("V")).toEqual({ ok: true, health: "starting" });
    expect(health(bundle)).toMatchObject({ Status: "starting", FailingStreak: 0 });
    expect(await client.ask("V")).toEqual({ ok: true, health: "starting" });
    await waitUntil(() => bundle.status.status === "running" && bundle.status.init?.pid !== first);
  });
});

describe("a container that has become unhealthy", () => {
  test.each(["kill", "stop"])("is ended: %s", async (onFailure) => {
    const bundle = checked("false", {
      check: { retries: 1 },
      health: { onFailure },
      args: ["sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done"],
      monitor: { restart: { policy: "always", max: 0 } },
    });
    await bundle.background();
    await waitUntil(() => bundle.log.includes("up"));
    expect(await (await bundle.client()).ask("V")).toEqual({ ok: true, health: "unhealthy" });
    expect(await bundle.waitFor("exited")).toMatchObject({ exitCode: onFailure === "kill" ? 137 : 9 });
  });

  test("is restarted, and has its streak and its time to start anew", async () => {
    const bundle = checked("false", {
      check: { retries: 2 },
      health: { onFailure: "restart" },
      monitor: { stopSignal: 9 },
    });
    await bundle.background();
    const first = bundle.status.init?.pid;
    const client = await bundle.client();
    await client.ask("V");
    expect(await client.ask("V")).toEqual({ ok: true, health: "unhealthy" });
    await waitUntil(() => bundle.status.status === "running" && bundle.status.init?.pid !== first);
    expect(bundle.status.restartCount).toBe(1);
    await waitUntil(() => health(bundle).Status === "starting");
    expect(health(bundle)).toMatchObject({ FailingStreak: 0, Log: null });
    await (await bundle.client()).stop(0);
    expect(bundle.status.status).toBe("exited");
  });
});
