import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../../support/process.ts";
import { hasProgram, skipUnless } from "../../support/requirements.ts";
import { type Bundle, nativeDirectory, Relay, Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

const stdio = "stdin,stdout,stderr";

describe.each([
  ["crun", ["--cgroup-manager=disabled"]],
  ["runc", ["--rootless=true"]],
])("under %s", (name, args) => {
  const runtime = () => ({ path: `/usr/bin/${name}`, args, root: join(workshop.directory, name) });

  function bundle(argv: string[], monitor: Record<string, unknown> = {}): Bundle {
    return workshop.bundle({ args: argv, monitor: { runtime: runtime(), ...monitor } });
  }

  test("a container gives output and exit code", async (context) => {
    skipUnless(context, hasProgram(name));
    const relay = await bundle(["sh", "-c", "cat; echo err >&2; exit 3"], { openStdin: true }).output({
      input: "in",
    });
    expect(relay.stdout.toString()).toBe("in");
    expect(relay.stderr).toBe("err\n");
    expect(await relay.exit).toBe(3);
  });

  test("a container has a terminal", async (context) => {
    skipUnless(context, hasProgram(name));
    const relay = await bundle(["sh", "-c", "test -t 1 && echo terminal"], { terminal: true }).output();
    expect(relay.stdout.toString()).toBe("terminal\r\n");
  });

  test("its messages about the command become our codes", async (context) => {
    skipUnless(context, hasProgram(name));
    expect((await bundle(["no-such-program"]).output()).events).toMatchObject([
      { code: "command-not-found", exitCode: 127 },
    ]);
    expect((await bundle(["/etc/plain"]).output()).events).toMatchObject([
      { code: "not-executable", exitCode: 126 },
    ]);
  });

  test("a container is restarted, executed into and stopped", async (context) => {
    skipUnless(context, hasProgram(name));
    const container = bundle(["sh", "-c", "test -e /tmp/again && exec sleep 100; echo >/tmp/again; exit 1"], {
      restart: { policy: "on-failure", max: 0 },
    });
    await container.background();
    const runsAgain = () => container.status.restartCount === 1 && container.status.status === "running";
    await waitUntil(runsAgain, { what: "the restart" });
    const session = join(container.directory, "session");
    mkdirSync(session, { mode: 0o700 });
    const monitor = JSON.parse(readFileSync(join(container.directory, "monitor.json"), "utf8"));
    const config = {
      version: 1,
      id: container.id,
      session: "session",
      process: {
        terminal: false,
        user: { uid: 0, gid: 0 },
        args: ["sh", "-c", "echo in; exit 5"],
        env: ["PATH=/bin"],
        cwd: "/",
      },
      openStdin: false,
      runDir: session,
      aliveFile: null,
      init: container.status.init,
      runtime: monitor.runtime,
      preserveFds: [],
      cleanup: null,
    };
    writeFileSync(join(session, "exec.json"), JSON.stringify(config));
    const relay = new Relay(workshop, ["exec", container.directory, session], { attach: stdio });
    expect(await relay.exit).toBe(5);
    expect(relay.stdout.toString()).toBe("in\n");
    await (await container.client()).stop(0);
    expect(container.status).toMatchObject({ status: "exited", restartCount: 1, exitCode: 137 });
  });
});

describe("a runtime that takes its time to say that it has started a container", () => {
  /** Our runtime, whose `start` goes on with that script. */
  function slow(name: string, then: string) {
    const path = join(workshop.directory, name);
    const runtime = join(nativeDirectory, "coracle-runtime");
    writeFileSync(path, `#!/bin/sh\n${runtime} "$@" || exit\ncase " $* " in *" start "*) ${then};; esac\n`);
    chmodSync(path, 0o755);
    return { path, args: [], root: join(workshop.directory, "slow-run") };
  }
  const talker = ["sh", "-c", "echo up; exec sleep 100"];

  test("who hears the container finds it running", async () => {
    const container = workshop.bundle({ args: talker, monitor: { runtime: slow("late", "sleep 0.3") } });
    const relay = container.run({ attach: stdio });
    await relay.waitForOutput(/up/);
    expect(container.status.status).toBe("running");
    await (await container.client()).stop(0);
  });

  test("a hook that waits for the container's output gets it", async () => {
    const container = workshop.bundle({ args: talker });
    const log = join(container.directory, "log");
    container.change({ runtime: slow("hooked", `until grep -q up ${log}; do sleep 0.05; done`) });
    await container.background();
    expect(container.log).toContain("up");
    await (await container.client()).stop(0);
  });
});
