import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { delegatedCgroup } from "../../support/cgroup.ts";
import { isAlive, waitUntil } from "../../support/process.ts";
import { hasCgroup, skipUnless } from "../../support/requirements.ts";
import { nativeDirectory, Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

const ticking = ["sh", "-c", "while :; do echo tick; sleep 0.02; done"];

describe("a container with a cgroup", () => {
  let name = "";
  beforeAll(() => {
    name = `monitor-${process.pid}`;
  });

  function withCgroup(args: string[]) {
    const parent = delegatedCgroup() as string;
    const cgroup = join(parent, name);
    return {
      bundle: workshop.bundle({ args, linux: { cgroupsPath: cgroup.replace("/sys/fs/cgroup", "") } }),
      cgroup,
    };
  }

  test("is paused and goes on; the monitor is not in it", async (context) => {
    skipUnless(context, hasCgroup());
    const { bundle, cgroup } = withCgroup(ticking);
    await bundle.background();
    const client = await bundle.client();
    expect(await client.ask("U")).toMatchObject({ ok: false });
    expect(await client.ask("P")).toEqual({ ok: true });
    expect(bundle.status.status).toBe("paused");
    // What was in the pipe may still come until then.
    expect(await client.ask("P")).toMatchObject({ ok: false, code: "container-paused" });
    const size = bundle.log.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(bundle.log.length).toBe(size);
    expect(await client.ask("U")).toEqual({ ok: true });
    expect(bundle.status.status).toBe("running");
    await waitUntil(() => bundle.log.length > size);
    expect(readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n")).not.toContain(
      String(bundle.status.monitor.pid),
    );
    await client.stop(0);
  });

  test("can be stopped while it is paused", async (context) => {
    skipUnless(context, hasCgroup());
    const { bundle } = withCgroup(["sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"]);
    await bundle.background();
    await waitUntil(() => bundle.log.includes("up"));
    const client = await bundle.client();
    await client.ask("P");
    expect(await client.stop()).toEqual({ ok: true });
    expect(bundle.status.exitCode).toBe(5);
  });

  test("leaves nothing behind, though it has no pid namespace", async (context) => {
    skipUnless(context, hasCgroup());
    const cgroup = join(delegatedCgroup() as string, name);
    const bundle = workshop.bundle({
      args: ["sh", "-c", "sleep 1000 & echo $!"],
      linux: { cgroupsPath: cgroup.replace("/sys/fs/cgroup", ""), namespaces: [{ type: "mount" }] },
    });
    const relay = await bundle.output();
    const pid = Number(relay.stdout.toString());
    expect(isAlive(pid)).toBe(false);
    // The cgroup has been removed: it can be made again.
    mkdirSync(cgroup);
    rmdirSync(cgroup);
  });
});

test("descriptors that are to be kept reach the container, and end with it", async () => {
  const bundle = workshop.bundle({ args: ["sh", "-c", "echo three >&3; echo four >&4; ls /proc/self/fd"] });
  bundle.change({ preserveFds: [3, 4] });
  const argv = workshop.inNamespace([
    join(nativeDirectory, "coracle-monitor"),
    "run",
    bundle.directory,
    "--ready-fd",
    "5",
  ]);
  const child = spawn(argv[0] as string, [...argv.slice(1), "--attach", "stdout"], {
    stdio: ["ignore", "pipe", "inherit", "pipe", "pipe", "pipe"],
  });
  const texts = ["", "", "", "", "", ""];
  for (const fd of [1, 3, 4]) {
    (child.stdio[fd] as Readable).on("data", (chunk) => {
      texts[fd] += chunk;
    });
  }
  await new Promise((resolve) => child.on("close", resolve));
  expect([texts[3], texts[4]]).toEqual(["three\n", "four\n"]);
  // 5: the directory that ls reads.
  expect(texts[1]?.trim().split("\n")).toEqual(["0", "1", "2", "3", "4", "5"]);
});

test("a descriptor between those that are to be kept is nobody's", async () => {
  const bundle = workshop.bundle({ args: ["sh", "-c", "echo five >&5; ls /proc/self/fd"] });
  bundle.change({ preserveFds: [5] });
  const run = [join(nativeDirectory, "coracle-monitor"), "run", bundle.directory, "--ready-fd", "6"];
  const argv = workshop.inNamespace([...run, "--attach", "stdout"]);
  const child = spawn("sh", ["-c", 'exec "$@" 3<&- 4<&-', "sh", ...argv], {
    stdio: ["ignore", "pipe", "inherit", "ignore", "ignore", "pipe", "pipe"],
  });
  const texts = ["", "", "", "", "", ""];
  for (const fd of [1, 5]) {
    (child.stdio[fd] as Readable).on("data", (chunk) => {
      texts[fd] += chunk;
    });
  }
  await new Promise((resolve) => child.on("close", resolve));
  expect(texts[5]).toBe("five\n");
  // 3: the directory that ls reads.
  expect(texts[1]?.trim().split("\n")).toEqual(["0", "1", "2", "3", "5"]);
});

test("no descriptor of the monitor's reaches the container", async () => {
  const relay = await workshop.bundle({ args: ["ls", "/proc/self/fd"] }).output();
  expect(relay.stdout.toString().trim().split("\n")).toEqual(["0", "1", "2", "3"]);
});

test("signals that the caller ignores are not ignored in the container", async () => {
  const bundle = workshop.bundle({
    args: ["cat", "/proc/self/status"],
  });
  const argv = workshop.inNamespace([
    join(nativeDirectory, "coracle-monitor"),
    "run",
    bundle.directory,
    "--attach",
    "stdout",
  ]);
  const child = spawn("sh", ["-c", 'trap "" HUP USR1 PIPE; exec "$@"', "sh", ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => child.on("close", resolve));
  expect(text).toMatch(/^SigBlk:\s+0+$/m);
  expect(text).toMatch(/^SigIgn:\s+0+$/m);
});

test("directories may have paths longer than a socket address", async () => {
  const bundle = workshop.bundle({ args: ["sh", "-c", "read x; exit 4"], monitor: { openStdin: true } });
  const runDir = join(bundle.directory, "d".repeat(120), "run");
  mkdirSync(join(runDir, ".."));
  bundle.change({ runDir });
  await bundle.background();
  const argv = workshop.inNamespace([
    join(nativeDirectory, "coracle-monitor"),
    "attach",
    join(runDir, "attach"),
  ]);
  const child = spawn(argv[0] as string, argv.slice(1), { stdio: ["pipe", "inherit", "inherit"] });
  child.stdin?.end("\n");
  expect(await new Promise((resolve) => child.on("close", resolve))).toBe(4);
});

test("the file that tells who is alive is held, and handed on to the cleanup", async () => {
  const bundle = workshop.bundle({ args: ["sleep", "100"] });
  const alive = join(bundle.directory, "alive");
  const held = async () => {
    const child = spawn("flock", ["--exclusive", "--nonblock", alive, "true"]);
    return (await new Promise((resolve) => child.on("close", resolve))) !== 0;
  };
  writeFileSync(alive, "");
  const script =
    'readlink "/proc/self/fd/$CORACLE_ALIVE_FD" >"$0/cleaned.new"; mv "$0/cleaned.new" "$0/cleaned"';
  bundle.change({ aliveFile: alive, cleanup: ["/bin/sh", "-c", script, bundle.directory] });
  await bundle.background({ env: { CORACLE_ALIVE_FD: "77" } });
  expect(await held()).toBe(true);
  process.kill(bundle.status.init?.pid as number, "SIGKILL");
  await waitUntil(() => bundle.exists("cleaned"));
  expect(readFileSync(join(bundle.directory, "cleaned"), "utf8").trim()).toBe(alive);
  await waitUntil(async () => !(await held()));
});

test("how a container ended is kept although it has filled the disk", () => {
  const bundle = workshop.bundle({
    args: ["sh", "-c", "while [ ! -e /full ]; do sleep 0.05; done; exit 7"],
    monitor: {
      rootfs: { driver: "none" },
      runtime: { path: null, root: join(workshop.directory, "rt-full") },
    },
  });
  const script = `
    cp "$1"/*.json "$2"; mount -t tmpfs -o size=8m tmpfs "$1"; cp "$2"/*.json "$1"; cp -r "$2"/layer "$1/merged"
    "$0" run "$1" --ready-fd 9 9>&1; mkdir "$1/merged/full.new"; cat /dev/zero >"$1/fill" 2>/dev/null || true
    mv "$1/merged/full.new" "$1/merged/full"
    monitor=$(sed 's/.*"monitor":{"pid":\\([0-9]*\\).*/\\1/' "$1/status.json"); while kill -0 $monitor; do sleep 0.05; done 2>/dev/null
    cat "$1/status.json"`;
  const argv = workshop.inNamespace([
    "sh",
    "-euc",
    script,
    join(nativeDirectory, "coracle-monitor"),
    bundle.directory,
    workshop.directory,
  ]);
  const out = execFileSync(argv[0] as string, argv.slice(1))
    .toString()
    .split("\n");
  expect(JSON.parse(out[1] as string)).toMatchObject({ status: "exited", exitCode: 7 });
});
