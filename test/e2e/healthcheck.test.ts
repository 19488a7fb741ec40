import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";

const home = useHome({ image: true });
afterAll(() => home.coracle("rm", "-f", "-t", "0", "--all"));

const start = (name: string, ...flags: string[]) =>
  home.ok("run", "-d", "--name", name, "--network", "none", ...flags, "bb", "sleep", "1000");
const inspect = (name: string, format: string) => home.ok("inspect", "--format", format, name);

describe("a container with a health check", () => {
  test("is starting, healthy, unhealthy: told by ps, inspect, wait and `healthcheck run`", async () => {
    await start(
      "c",
      "--health-cmd",
      "echo look; test -e /ok",
      "--health-interval",
      "disable",
      "--health-retries",
      "2",
    );
    expect(await inspect("c", "{{json .State.Health}}")).toBe(
      '{"Status":"starting","FailingStreak":0,"Log":null}',
    );
    expect(await home.ok("ps", "--format", "{{.Status}}")).toMatch(/^Up .* \(starting\)$/);
    expect(await home.coracle("healthcheck", "run", "c")).toMatchObject({
      exitCode: 1,
      stdout: "unhealthy\n",
      stderr: "",
    });
    expect(await inspect("c", "{{.State.Health.Status}} {{.State.Health.FailingStreak}}")).toBe("starting 1");
    expect(await home.ok("healthcheck", "run", "--ignore-result", "c")).toBe("unhealthy");
    expect(await inspect("c", "{{.State.Healthcheck.Status}}")).toBe("unhealthy");
    expect(await home.ok("wait", "--condition", "unhealthy", "c")).toBe("-1");
    const waiting = home.ok("wait", "--condition", "healthy", "--interval", "10ms", "c");
    await home.ok("exec", "c", "touch", "/ok");
    expect(await home.coracle("healthcheck", "run", "c")).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect(await waiting).toBe("-1");
    expect(await inspect("c", "{{range .State.Health.Log}}{{.ExitCode}}{{.Output}}{{end}}")).toBe(
      "1look\n1look\n0look\n",
    );
    expect(await home.ok("ps", "--filter", "health=healthy", "--format", "{{.Names}}")).toBe("c");
    expect(await home.ok("ps", "--filter", "health=starting", "--format", "{{.Names}}")).toBe("");
    expect(JSON.parse(await home.ok("ps", "--format", "json"))[0].Status).toMatch(/ \(healthy\)$/);
    expect(await inspect("c", "{{json .Config.Healthcheck}} {{.Config.Healthcheck.Timeout}}")).toBe(
      '{"Test":["CMD-SHELL","echo look; test -e /ok"],"Timeout":30000000000,"Retries":2} 30s',
    );
    const events = ["events", "--stream=false", "--filter", "event=health_status", "--format"];
    expect(await home.ok(...events, "{{.HealthStatus}}")).toBe("starting\nunhealthy\nhealthy");
    await home.ok("pause", "c");
    const id = await inspect("c", "{{.Id}}");
    const paused = await home.coracle("healthcheck", "run", "c");
    expect(paused).toMatchObject({ exitCode: 125, stdout: "" });
    expect(paused.stderr).toContain(`Error: container ${id} is not running`);
    await home.ok("rm", "-f", "-t", "0", "c");
  });

  test("is checked by its monitor, at its interval, as the container's user in its directory", async () => {
    const flags = ["--health-cmd", "id -u; pwd", "--health-interval", "200ms", "-u", "guest", "-w", "/var"];
    await start("c", ...flags);
    await waitUntil(async () => (await inspect("c", "{{len .State.Health.Log}}")) >= "3");
    expect(await inspect("c", "{{(index .State.Health.Log 0).Output}}")).toBe("1000\n/var\n");
    await home.ok("rm", "-f", "-t", "0", "c");
  });

  test("is ended or restarted when it becomes unhealthy", async () => {
    const failing = ["--health-cmd", "false", "--health-interval", "disable", "--health-retries", "1"];
    await start("killed", ...failing, "--health-on-failure", "kill", "--restart", "always");
    const pidFile = join(home.directory, "again.pid");
    const restarts = ["--health-on-failure", "restart", "--stop-signal", "KILL", "--pidfile", pidFile];
    await start("again", ...failing, ...restarts);
    const pid = await inspect("again", "{{.State.Pid}}");
    for (const name of ["killed", "again"]) {
      expect(await home.coracle("healthcheck", "run", name)).toMatchObject({
        exitCode: 1,
        stdout: "unhealthy\n",
      });
    }
    expect(await home.ok("wait", "killed")).toBe("137");
    expect(await home.ok("ps", "-a", "--filter", "name=killed", "--format", "{{.Status}}")).toMatch(
      /^Exited \(137\) .* \(unhealthy\)$/,
    );
    expect(await home.ok("wait", "--condition", "running", "again")).toBe("-1");
    expect(await inspect("again", "{{.State.Pid}}")).not.toBe(pid);
    expect(readFileSync(pidFile, "utf8")).toBe(await inspect("again", "{{.State.Pid}}"));
    const format = "{{.RestartCount}} {{.State.Health.Status}} {{len .State.Health.Log}}";
    expect(await inspect("again", format)).toBe("1 starting 0");
    await home.ok("rm", "-f", "-t", "0", "killed", "again");
  });

  test("may have its log elsewhere, and as long as asked for", async () => {
    const log = join(home.directory, "log");
    mkdirSync(log);
    await start(
      "c",
      ...["--health-cmd", "echo 123456789", "--health-log-destination", log],
      ...["--health-max-log-count", "1", "--health-max-log-size", "5"],
    );
    for (let i = 0; i < 2; i++) await home.ok("healthcheck", "run", "c");
    expect(await inspect("c", "{{len .State.Health.Log}} {{(index .State.Health.Log 0).Output}}")).toBe(
      "1 12345",
    );
    expect(readdirSync(log)).toEqual([`${await inspect("c", "{{.Id}}")}-healthcheck.log`]);
    await home.ok("rm", "-f", "-t", "0", "c");
  });

  test("waits for its startup check", async () => {
    await start(
      "c",
      ...["--health-cmd", "echo regular", "--health-interval", "disable"],
      ...["--health-startup-cmd", "test -e /up", "--health-startup-interval", "100ms"],
    );
    expect(await home.coracle("healthcheck", "run", "c")).toMatchObject({
      exitCode: 1,
      stdout: "starting\n",
    });
    await home.ok("exec", "c", "touch", "/up");
    expect(await home.ok("wait", "--condition", "healthy", "--interval", "10ms", "c")).toBe("-1");
    await home.ok("rm", "-f", "-t", "0", "c");
  });

  test("its checks are no events where containers.conf says so", async () => {
    const file = join(home.directory, "quiet.conf");
    writeFileSync(file, "[engine]\nhealthcheck_events = false\n");
    const flags = ["--network", "none", "--health-cmd", "true", "--health-interval", "disable"];
    await home.run(["run", "-d", "--name", "quiet", ...flags, "bb", "sleep", "1000"], {
      env: { CONTAINERS_CONF: file },
    });
    await home.ok("healthcheck", "run", "quiet");
    const events = ["events", "--stream=false", "--filter", "container=quiet", "--format", "{{.Status}}"];
    expect(await home.ok(...events)).not.toContain("health_status");
    await home.ok("rm", "-f", "-t", "0", "quiet");
  });
});

test("`healthcheck run` says why it can't", async () => {
  expect(await home.coracle("healthcheck", "run", "nosuch")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(
      'Error: unable to look up nosuch to perform a health check: no container with name or ID "nosuch" found: no such container',
    ),
  });
  await start("c", "--health-cmd", "none");
  const id = await inspect("c", "{{.Id}}");
  const undefined_ = await home.coracle("healthcheck", "run", "c");
  expect(undefined_).toMatchObject({ exitCode: 125, stdout: "" });
  expect(undefined_.stderr).toContain(`Error: container ${id} has no defined healthcheck`);
  expect(await home.ok("ps", "--format", "{{.Status}}")).not.toContain("(");
  await home.ok("rm", "-f", "-t", "0", "c");
  await start("c", "--health-cmd", "exec sleep 100", "--health-timeout", "300ms", "--health-interval", "0");
  const late = await home.coracle("healthcheck", "run", "c");
  expect(late).toMatchObject({ exitCode: 125, stdout: "" });
  expect(late.stderr).toMatch(/^Error: healthcheck command exceeded timeout of 300ms/);
  await home.ok("stop", "-t", "0", "c");
  expect((await home.coracle("healthcheck", "run", "c")).stderr).toMatch(
    /^Error: container [0-9a-f]{64} is not running/,
  );
  expect(await home.coracle("wait", "--condition", "healthy", "c")).toMatchObject({
    exitCode: 125,
    stderr: "Error: container is stopped\n",
  });
  await home.ok("rm", "c");
});
