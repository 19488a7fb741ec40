/** What fails, or is interrupted, leaves nothing behind and loses nothing. */
import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";

const home = useHome({ image: true });
const path = (...names: string[]) => join(home.env.HOME as string, ...names);

test("a signal while the container starts doesn't abandon it", async () => {
  // Its name is that of a directory which may stay.
  const slow = path("runtime");
  const runtime = join(home.program, "../coracle-runtime");
  writeFileSync(
    slow,
    `#!/bin/sh\ncase "$*" in *create*) touch ${path("creating")}; sleep 1;; esac\nexec ${runtime} "$@"\n`,
  );
  chmodSync(slow, 0o755);
  const running = home.start([
    "--runtime",
    slow,
    "run",
    "--rm",
    "--network",
    "none",
    "bb",
    "sh",
    "-c",
    "sleep 0.5; echo end; exit 7",
  ]);
  await waitUntil(() => existsSync(path("creating")), { what: "the start" });
  running.child.kill("SIGINT");
  // Whether it arrives before or after the shell has begun to ignore it: what counts is that nobody left.
  const { exitCode, signal } = await running.done;
  expect({ signal, exitCode }).toEqual({ signal: null, exitCode: exitCode === 7 ? 7 : 130 });
  expect(await home.ok("ps", "-aq")).toBe("");
});

test("exec as an unknown user leaves no session", async () => {
  const id = await home.ok("run", "-d", "--network", "none", "bb", "sleep", "1000");
  expect(await home.coracle("exec", "-u", "nosuch", id, "true")).toMatchObject({ exitCode: 255 });
  const sessions = join(home.runtimeDirectory, "coracle/containers", id, "exec");
  expect(existsSync(sessions) ? readdirSync(sessions) : []).toEqual([]);
  await home.ok("rm", "-f", "-t", "0", id);
});

test("a volume that another container uses outlives the container that it was made for", async () => {
  const first = await home.ok("create", "--network", "none", "-v", "/data", "bb", "true");
  const name = await home.ok("inspect", "-f", "{{(index .Mounts 0).Name}}", first);
  const second = await home.ok("create", "--network", "none", "-v", `${name}:/data`, "bb", "true");
  await home.ok("rm", "-v", first);
  await home.ok("volume", "exists", name);
  await home.ok("rm", second);
  await home.ok("volume", "rm", name);
});

test("restart keeps a container with --rm, also one that somebody is attached to", async () => {
  const detached = await home.ok("run", "-d", "--rm", "--network", "none", "bb", "sleep", "1000");
  const attached = home.start([
    "run",
    "--rm",
    "--network",
    "none",
    "--name",
    "fg",
    "bb",
    "sh",
    "-c",
    "echo up; sleep 1000",
  ]);
  await attached.waitForOutput(/up/);
  for (let round = 0; round < 8; round++) await home.ok("restart", "-t", "0", detached, "fg");
  expect((await home.ok("ps", "-q")).split("\n")).toHaveLength(2);
  await attached.done;
  await home.ok("stop", "-t", "0", detached, "fg");
  await waitUntil(async () => (await home.ok("ps", "-aq")) === "", { what: "the removal" });
});

test("an import of what isn't there leaves nothing", async () => {
  expect(await home.coracle("import", path("nothing.tar"))).toMatchObject({ exitCode: 125 });
  await home.expectNothingStaged();
});

test("cp gives files to the container's user, or leaves them as they are, and what comes out is the caller's", async () => {
  const id = await home.ok(
    "create",
    "--network",
    "none",
    "-u",
    "guest",
    "bb",
    "stat",
    "-c",
    "%u:%g",
    "/f",
    "/kept",
  );
  writeFileSync(path("f"), "");
  await home.ok("cp", path("f"), `${id}:/f`);
  await home.ok("cp", "-a=false", path("f"), `${id}:/kept`);
  expect(await home.ok("start", "-a", id)).toBe("1000:1000\n0:0");
  await home.ok("cp", `${id}:/f`, path("out"));
  chmodSync(path("out"), 0o600);
  await home.ok("rm", id);
});
