import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CrashRig, partOf, scenarios, seeded, victimsOf } from "../support/crash.ts";
import { useHome } from "../support/home.ts";
import { busyboxArchive } from "../support/images.ts";
import { layeredArchive, pushArchive } from "../support/layered-image.ts";
import { isAlive, killNow, waitUntil } from "../support/process.ts";
import { startRegistry } from "../support/registry.ts";
import { hasCgroup, hasProgram, ordinaryUser, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const sleeper = ["--network", "none", "bb", "sleep", "1000"];

beforeEach((context) => skipUnless(context, ordinaryUser(), hasCgroup()));
afterEach(async () => {
  await home.ok("rm", "-fav", "-t", "0");
  // Whoever leaves a name behind shall be the one that fails.
  expect(readdirSync(join(home.store, "names"))).toEqual([]);
});

function containerFile(id: string, name: string): string {
  return join(home.store, "containers", id, name);
}

interface Identity {
  pid: number;
}

function status(id: string): { status: string; monitor: Identity; init: Identity } {
  return JSON.parse(readFileSync(containerFile(id, "status.json"), "utf8"));
}

function holder(): Identity {
  return JSON.parse(readFileSync(join(home.runtimeDirectory, "coracle/holder"), "utf8"));
}

async function isGone(pid: number): Promise<void> {
  await waitUntil(() => !isAlive(pid), { what: `the end of process ${pid}` });
}

async function states(): Promise<string> {
  return await home.ok("ps", "-a", "--format", "{{.Names}} {{.State}}");
}

/** As long as the tests may take: the moments are random, so that a short look is as good as any. */
const BUDGET = 25_000;

test("whatever is killed at whatever moment, the next command works and nothing is left", {
  timeout: 120_000,
}, async (context) => {
  skipUnless(context, hasProgram("docker-registry"), hasProgram("skopeo"), hasProgram("slirp4netns"));
  const seed = Number(process.env.CORACLE_CRASH_SEED ?? Date.now() % 2 ** 31);
  const random = seeded(seed);
  const registry = await startRegistry();
  try {
    const remote = pushArchive(layeredArchive("remote"), `${registry.address}/crash:1`);
    const rig = new CrashRig(home, random);
    const all = scenarios(remote, layeredArchive("loaded"), "localhost/loaded:latest");
    const end = Date.now() + BUDGET;
    for (let i = 0; Date.now() < end; i++) {
      const scenario = all[i % all.length] as (typeof all)[number];
      const victims = victimsOf(scenario);
      const round = await rig.round(
        scenario,
        victims[Math.floor(random() * victims.length)] as (typeof victims)[number],
      );
      expect({ seed, ...round }).toMatchObject({ problems: [] });
    }
  } finally {
    await registry.stop();
    for (const name of ["localhost/loaded:latest", "made", `${registry.address}/crash:1`])
      await home.coracle("rmi", "-f", name);
  }
});

test("a container whose monitor was killed is shown as ended, and is", async () => {
  const [a, b] = [
    await home.ok("run", "-d", "--name", "a", ...sleeper),
    await home.ok("run", "-d", "--name", "b", ...sleeper),
  ];
  const { monitor, init } = status(a);
  await killNow(monitor.pid);
  expect(await states()).toBe("a exited\nb running");
  await isGone(init.pid);
  expect(await home.ok("ps", "-a", "--filter", "name=a", "--format", "{{.Status}}")).toMatch(
    /^Exited \(137\)/,
  );
  expect(status(b).status).toBe("running");
  await home.ok("start", "a");
  expect(await states()).toBe("a running\nb running");
});

test("a command whose container is lost to it says so and ends", async () => {
  for (const part of ["monitor", "relay"] as const) {
    const running = home.start([
      "run",
      "--name",
      part,
      "--network",
      "none",
      "bb",
      "sh",
      "-c",
      "echo up; sleep 1000",
    ]);
    await running.waitForOutput(/up/);
    const victim = home.processes().find((pid) => partOf(pid) === part) as number;
    process.kill(victim, "SIGKILL");
    const { exitCode, stderr } = await running.done;
    await isGone(victim);
    // 126 where the monitor hadn't even told yet that the container runs.
    expect([125, 126]).toContain(exitCode);
    expect(stderr).toMatch(/lost the container|monitor ended unexpectedly/);
    expect(await states()).toContain(part === "relay" ? "relay running" : "monitor exited");
    await home.ok("rm", "-f", "-t", "0", part);
  }
});

describe("after a rename or removal that was cut short", () => {
  const link = (name: string) => join(home.store, "names", name);

  test("a name that stands for nothing is free", async () => {
    await home.ok("create", "--name", "a", ...sleeper);
    symlinkSync("0".repeat(64), link("b"));
    await home.ok("rename", "a", "b");
    expect(readdirSync(join(home.store, "names"))).toEqual(["b"]);
  });

  test("names that are not those of their container go with what else was left", async () => {
    const id = await home.ok("create", "--name", "a", ...sleeper);
    symlinkSync(id, link("b"));
    symlinkSync("0".repeat(64), link("c"));
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim().replaceAll("-", "");
    mkdirSync(join(home.store, `staging/container-999999999-1-${boot}-00000000`));
    expect(await states()).toBe("a created");
    expect(readdirSync(join(home.store, "names"))).toEqual(["a"]);
  });
});

test("with holder and monitor killed, another user's process is ended too", async () => {
  const id = await home.ok("run", "-d", "--name", "a", "--user", "1000", ...sleeper);
  const { monitor, init } = status(id);
  await killNow(holder().pid);
  await killNow(monitor.pid);
  expect(await states()).toBe("a exited");
  await isGone(init.pid);
});

test("commands go on beside containers whose holder was killed", async () => {
  const id = await home.ok("run", "-d", "--name", "a", ...sleeper);
  await killNow(holder().pid);
  expect(await home.ok("exec", "a", "echo", "hi")).toBe("hi");
  expect(await home.ok("run", "--rm", "--network", "none", "bb", "echo", "ho")).toBe("ho");
  expect(status(id).status).toBe("running");
  await home.ok("stop", "-t", "0", "a");
});

describe("a monitor that was stopped", () => {
  test.each([
    ["rm", "-f", "-t", "0", "a"],
    ["stop", "-t", "0", "a"],
    ["kill", "a"],
    ["pause", "a"],
  ])("does as it is told: %s %s", async (...command) => {
    const id = await home.ok("run", "-d", "--name", "a", ...sleeper);
    process.kill(status(id).monitor.pid, "SIGSTOP");
    await home.ok(...command);
  });
});

describe("after a power loss", () => {
  const damages = ["", "{}", "null", '{"config":'];
  test.each(damages)("a container with the record %j is removed by force", async (text) => {
    const id = await home.ok("run", "-d", "--name", "a", "-v", "/data", ...sleeper);
    const { init } = status(id);
    writeFileSync(containerFile(id, "record.json"), text);
    expect(await states()).toBe("");
    expect((await home.coracle("rm", id)).exitCode).not.toBe(0);
    await home.ok("rm", "-f", "-t", "0", "a");
    await isGone(init.pid);
    expect(await home.ok("volume", "ls", "-q")).toBe("");
    await home.ok("run", "--rm", "--name", "a", "--network", "none", "bb", "true");
  });

  test.each(damages)("a container with the status %j has ended", async (text) => {
    const id = await home.ok("run", "-d", "--name", "a", ...sleeper);
    const { init } = status(id);
    writeFileSync(containerFile(id, "status.json"), text);
    expect(await states()).toBe("a exited");
    await isGone(init.pid);
    await home.ok("start", "a");
    expect(await states()).toBe("a running");
    await home.ok("rm", "-f", "-t", "0", "a");
  });

  test("a boot later nothing runs, and what was promised to be removed is", async () => {
    const ids = [
      await home.ok("run", "-d", "--name", "a", ...sleeper),
      await home.ok("run", "-d", "--name", "b", "--rm", "-v", "/data", ...sleeper),
    ];
    for (const id of ids) {
      const text = readFileSync(containerFile(id, "status.json"), "utf8");
      writeFileSync(containerFile(id, "status.json"), text.replace(/"bootId":"./g, '"bootId":"x'));
    }
    rmSync(join(home.runtimeDirectory, "coracle"), { recursive: true });
    expect(await states()).toBe("a exited");
    // The monitors are alive here: b's may be the one whose command removes it, and be about to remove the volume.
    await waitUntil(async () => (await home.ok("volume", "ls", "-q")) === "");
    await home.ok("start", "a");
    expect(await states()).toBe("a running");
  });
});

describe("with the run directory wiped", () => {
  test("what runs is still shown, stopped and removed", async () => {
    for (const name of ["a", "b"]) await home.ok("run", "-d", "--name", name, "--user", "1000", ...sleeper);
    rmSync(join(home.runtimeDirectory, "coracle"), { recursive: true });
    expect(await states()).toBe("a running\nb running");
    await home.ok("run", "--rm", "--network", "none", "bb", "true");
    await home.ok("stop", "-t", "0", "a");
    await home.ok("rm", "-f", "-t", "0", "b");
    expect(await states()).toBe("a exited");
    await home.ok("rm", "a");
    await home.expectNothingLeft();
  });
});

test("what runs in another store is nobody's leftover", async () => {
  const other = ["--root", join(home.directory, "tmp/other")];
  await home.ok(...other, "load", "--input", busyboxArchive());
  await home.ok(...other, "run", "-d", "--name", "a", ...sleeper);
  await home.ok("run", "-d", "--name", "b", ...sleeper);
  await home.ok("ps", "-a");
  await home.ok("rm", "-fa", "-t", "0");
  expect(await home.ok(...other, "exec", "a", "echo", "hi")).toBe("hi");
  await home.ok(...other, "rm", "-f", "-t", "0", "a");
});

describe("nothing of ours holds on to its caller", () => {
  test.each(["| cat", "2>&1 | cat", "3>&1 | cat", "9>&1 >/dev/null 2>&1 | cat"])(
    "run -d … %s ends at once",
    async (pipe) => {
      const script = `"$0" run -d --name a ${sleeper.join(" ")} ${pipe}`;
      const { exitCode } = await home.exec(["bash", "-c", script, home.program], { timeout: 10_000 });
      expect(exitCode).toBe(0);
      await home.ok("exec", "-d", "a", "sleep", "100");
    },
  );

  test("an exec session neither", async () => {
    await home.ok("run", "-d", "--name", "a", ...sleeper);
    const script = 'x=$("$0" exec -d a sleep 100 5>&1) && "$0" exec -d a sleep 100 3>&1 | cat';
    expect((await home.exec(["bash", "-c", script, home.program], { timeout: 10_000 })).exitCode).toBe(0);
  });

  test("containers inherit neither descriptors nor our environment", async () => {
    const inside = "ls -l /proc/self/fd 2>/dev/null | sed 1d | wc -l; env | grep -c CORACLE";
    // 0, 1, 2 and that of the directory which ls reads.
    const script = `"$0" run --rm --network none bb sh -c '${inside}' 5</dev/null 6>/dev/null`;
    expect((await home.exec(["bash", "-c", script, home.program])).stdout).toBe("4\n0\n");
    await home.ok("run", "-d", "--name", "a", ...sleeper);
    expect(
      (await home.exec(["bash", "-c", `"$0" exec a sh -c '${inside}' 5</dev/null`, home.program])).stdout,
    ).toBe("4\n0\n");
  });

  test("a container that ends by itself and is to be removed leaves nothing", async () => {
    for (let i = 0; i < 5; i++)
      await home.ok("run", "-d", "--rm", "-v", "/data", "--network", "none", "bb", "true");
    await home.expectNothingLeft();
    for (const name of ["locks", "names", "staging", "containers", "volumes"])
      expect(readdirSync(join(home.store, name))).toEqual([]);
  });

  test("locks, names and staging of many commands leave nothing", async () => {
    for (let i = 0; i < 10; i++) await home.ok("run", "--rm", "--network", "none", "bb", "true");
    for (const name of ["locks", "names", "staging", "containers"])
      expect(readdirSync(join(home.store, name))).toEqual([]);
    await home.expectNothingLeft();
  });
});
