/** events: what is written by whom, in which order, and how it is read. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { killNow, waitUntil } from "../support/process.ts";

const home = useHome({ image: true });
const log = () => join(home.store, "events/events.log");
const now = () => String(Date.now() / 1000);
const statuses = async (since: string, ...filters: string[]) =>
  (
    await home.ok(
      "events",
      "--stream=false",
      "--since",
      since,
      "--format",
      "{{.Type}} {{.Status}}",
      ...filters,
    )
  ).split("\n");

describe("what is told", () => {
  test("a foreground --rm run", async () => {
    const since = now();
    await home.ok("run", "--rm", "--name", "e1", "-l", "a=b", "bb", "sh", "-c", "echo; exit 0");
    expect(await statuses(since)).toEqual([
      "image pull",
      "container create",
      "container init",
      "container start",
      "container attach",
      "container died",
      "container remove",
    ]);
    const line = await home.ok("events", "--stream=false", "--since", since, "--filter", "event=start");
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC container start [0-9a-f]{64} \(image=localhost\/bb:latest, name=e1, a=b\)$/,
    );
    const format = ["--format", "{{.ContainerExitCode}}"];
    const removed = ["events", "--stream=false", "--since", since, "--filter", "event=remove", ...format];
    expect(await home.ok(...removed)).toBe("0");
    const [died] = (
      await home.ok("events", "--stream=false", "--since", since, "--filter", "event=die", "--format", "json")
    ).split("\n");
    const event = JSON.parse(died as string);
    expect(Object.keys(event)).toEqual([
      ...["ContainerExitCode", "ID", "Image", "Name", "Status", "time", "timeNano", "Type", "Attributes"],
    ]);
    expect(event).toMatchObject({
      ContainerExitCode: 0,
      Name: "e1",
      Type: "container",
      Attributes: { a: "b" },
    });
  });

  test("a life with exec, pause, rename, kill and a restart policy", async () => {
    const since = now();
    await home.ok("run", "-d", "--name", "e2", "bb", "sleep", "100");
    await home.ok("exec", "-d", "e2", "true");
    await home.ok("exec", "e2", "true");
    // Who started them goes before they end.
    const ended = async () => (await statuses(since)).filter((status) => status.endsWith("exec_died"));
    await waitUntil(async () => (await ended()).length === 2, { what: "the sessions' end" });
    await home.ok("rename", "e2", "e3");
    await home.ok("kill", "e3");
    await home.ok("start", "e3");
    await home.ok("stop", "-t", "0", "e3");
    await home.ok("rm", "e3");
    const named = await home.ok(
      ...["events", "--stream=false", "--since", since, "--filter", "type=container"],
      ...["--format", "{{.Name}} {{.Status}}"],
    );
    const lines = named.split("\n");
    // Two sessions end when they like.
    expect(lines.filter((line) => /exec/.test(line)).sort()).toEqual([
      ...["e2 exec", "e2 exec", "e2 exec_died", "e2 exec_died"],
    ]);
    expect(lines.filter((line) => !/exec/.test(line))).toEqual([
      ...["e2 create", "e2 init", "e2 start", "e3 rename", "e3 kill", "e3 died", "e3 cleanup"],
      ...["e3 init", "e3 start", "e3 stop", "e3 died", "e3 cleanup", "e3 remove"],
    ]);
  });

  test("volumes and images", async () => {
    const since = now();
    await home.ok("volume", "create", "v");
    await home.ok("volume", "rm", "v");
    await home.ok("tag", "bb", "other");
    await home.ok("rmi", "other");
    expect(await statuses(since)).toEqual(["volume create", "volume remove", "image tag", "image untag"]);
  });

  test("a pull out of an archive is no load", async () => {
    const archive = join(home.env.HOME as string, "bb.tar");
    await home.ok("save", "-o", archive, "bb");
    const since = now();
    await home.ok("load", "-i", archive);
    await home.ok("pull", `docker-archive:${archive}`);
    expect(await statuses(since)).toEqual(["image loadfromarchive", "image pull"]);
  });

  test("a monitor that was killed: died, by the next command", async () => {
    const since = now();
    await home.ok("run", "-d", "--name", "k", "bb", "sleep", "100");
    const status = JSON.parse(
      readFileSync(
        join(home.store, "containers", await home.ok("inspect", "-f", "{{.Id}}", "k"), "status.json"),
        "utf8",
      ),
    );
    await killNow(status.monitor.pid);
    await home.ok("rm", "-f", "k");
    expect((await statuses(since)).slice(-2)).toEqual(["container died", "container remove"]);
  });
});

describe("reading", () => {
  test("following ends at --until, and tells what comes meanwhile", async () => {
    const events = ["events", "--filter", "volume=f", "--format", "{{.Name}}", "--until"];
    const following = home.start([...events, "1h"]);
    await home.ok("volume", "create", "f1");
    await following.waitForOutput(/f1/);
    await home.ok("volume", "create", "f2");
    await following.waitForOutput(/^f1\nf2\n$/);
    following.child.kill("SIGINT");
    await following.done;
    expect(await home.coracle(...events, "1s")).toMatchObject({ exitCode: 0, stdout: "f1\nf2\n" });
    await home.ok("volume", "rm", "f1", "f2");
  });

  test("a torn line hides nothing that comes after it", async () => {
    appendFileSync(log(), '{"Time":"2026-01-');
    await home.ok("volume", "create", "torn");
    await home.ok("volume", "rm", "torn");
    const format = ["--format", "{{.Status}}"];
    const told = await home.ok("events", "--stream=false", "--filter", "volume=torn", ...format);
    expect(told).toBe("create\nremove");
  });

  test("of a large log the younger half is kept, and only once", async () => {
    const filler = { Time: "2020-01-01T00:00:00Z", Type: "volume", Status: "create", Name: "filler" };
    writeFileSync(log(), `${JSON.stringify(filler)}\n`.repeat(100));
    const conf = join(home.directory, "small.conf");
    writeFileSync(conf, "[engine]\nevents_logfile_max_size = 7000\n");
    const env = { CONTAINERS_CONF_OVERRIDE: conf };
    await home.run(["run", "--rm", "--name", "rotated", "bb", "true"], { env });
    const list = (await home.ok("events", "--stream=false", "--format", "{{.Status}} {{.Name}}")).split("\n");
    expect(list).toHaveLength(49 + 8);
    expect(list[49]).toBe(`log-rotation ${log()}`);
    expect(list.at(-1)).toBe("remove rotated");
    expect(readFileSync(log(), "utf8").match(/\n/g)).toHaveLength(49 + 8);
  });

  test("backends", async () => {
    const { size } = { size: readFileSync(log()).length };
    await home.ok("--events-backend", "none", "run", "--rm", "bb", "true");
    expect(readFileSync(log()).length).toBe(size);
    const none = await home.coracle("--events-backend", "none", "events");
    expect(none).toMatchObject({
      exitCode: 125,
      stderr: 'Error: cannot read events with the "none" backend\n',
    });
    const bad = await home.coracle("--events-backend", "x", "ps");
    expect(bad.stderr).toContain('configuring runtime: "x" is not a valid events backend: invalid argument');
  });
});

test("a network's driver is told when it is made and removed", async () => {
  await home.ok("network", "create", "driven");
  await home.ok("network", "rm", "driven");
  const lines = (await home.ok("events", "--stream=false", "--filter", "type=network")).split("\n");
  expect(lines.map((line) => line.replace(/^.* network /, "").replace(/[0-9a-f]{64}/, "ID"))).toEqual([
    "create ID (name=driven, type=bridge)",
    "remove ID (name=driven, type=bridge)",
  ]);
});
