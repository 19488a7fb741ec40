import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });

const none = ["--network", "none"];
const shown = (name: string, format: string) => home.ok("inspect", "--format", format, name);

test("with the host's network goes its name, unless another is given", async () => {
  expect(
    await home.ok("run", "--rm", "--network", "host", "bb", "sh", "-c", "hostname; echo $HOSTNAME"),
  ).toBe(`${hostname()}\n${hostname()}`);
  expect(await home.ok("run", "--rm", "--network", "host", "--hostname", "own", "bb", "hostname")).toBe(
    "own",
  );
});

test("what inspect shows of flags, and of those left out", async () => {
  await home.ok("create", "--name", "plain", ...none, "bb");
  await home.ok("create", "--name", "flags", "-P", "-m", "20m", "--network", "slirp4netns", "bb");
  const format =
    "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.PublishAllPorts}} {{.HostConfig.MemorySwap}}";
  expect(await shown("plain", format)).toBe("no false 0");
  expect(await shown("flags", format)).toBe(`no true ${40 * 1024 * 1024}`);
  await home.ok("rm", "plain", "flags");
});

test.each([
  ["--network", "network"],
  ["--pid", "PID"],
  ["--ipc", "IPC"],
  ["--uts", "UTS"],
])("%s ns: of a file that isn't there", async (flag, name) => {
  expect(await home.coracle("create", flag, "ns:/no/such", "bb")).toMatchObject({
    exitCode: 125,
    stderr: `Error: cannot find specified ${name} namespace path: faccessat /no/such: no such file or directory\n`,
  });
});

test.each([
  ["../../etc/localtime", "time: invalid location name"],
  ["/etc/localtime", "time: invalid location name"],
  ["..", "time: invalid location name"],
])("--tz %s", async (name, reason) => {
  expect(await home.coracle("create", "--tz", name, "bb")).toMatchObject({
    exitCode: 125,
    stderr: `Error: running container create option: finding timezone: ${reason}\n`,
  });
});

test("a working directory may be a link into what is mounted", async () => {
  await home.ok("run", "--name", "linked", ...none, "bb", "ln", "-s", "/vol/below", "/link");
  await home.ok("commit", "-q", "linked", "linked");
  await home.ok("rm", "linked");
  mkdirSync(join(home.directory, "shared/below"), { recursive: true });
  const volume = `${join(home.directory, "shared")}:/vol`;
  expect(await home.ok("run", "--rm", ...none, "-v", volume, "-w", "/link", "linked", "pwd")).toBe(
    "/vol/below",
  );
});

test(".containerenv tells whether the store is mounted", async () => {
  const env = (...flags: string[]) =>
    home.ok("run", "--rm", ...none, ...flags, "bb", "cat", "/run/.containerenv");
  expect(await env()).toBe("");
  expect(await env("-v", "/:/host")).toBe("graphRootMounted=1");
  expect(await env("-v", "/:/host", "--privileged")).toMatch(/\nrootless=1\ngraphRootMounted=1$/);
});

test("hooks of version 0.1.0, in a directory with a comma", async () => {
  const directory = join(home.directory, "hooks,old");
  mkdirSync(directory);
  const mark = join(directory, "mark");
  const script = join(directory, "hook.sh");
  writeFileSync(script, `#!/bin/sh\ncat >/dev/null\necho "$@" >>${mark}\n`, { mode: 0o755 });
  const hook = { hook: script, arguments: ["called"], cmd: [".*sh$"], stage: ["prestart"] };
  writeFileSync(join(directory, "old.json"), JSON.stringify(hook));
  const run = (...command: string[]) =>
    home.ok("--hooks-dir", directory, "run", "--rm", ...none, "-v", `${directory}:/h`, "bb", ...command);
  expect(await run("cat", "/h/hook.sh")).toContain("#!/bin/sh");
  expect(await run("sh", "-c", "cat /h/mark")).toBe("called");
});

test("a container without a command can be made and looked into, but not started", async () => {
  await home.ok("create", "--name", "idle", ...none, "--entrypoint", "", "bb");
  await home.ok("cp", "idle:/etc/passwd", join(home.directory, "passwd"));
  for (const [exitCode, ...args] of [
    [125, "start", "idle"],
    [126, "run", "--rm", ...none, "--entrypoint", "", "bb"],
  ] as const) {
    expect(await home.coracle(...args)).toMatchObject({
      exitCode,
      stderr: expect.stringMatching(/^Error: .*executable path not specified; the image has no command/),
    });
  }
  expect(await home.ok("ps", "-a", "--format", "{{.Names}} {{.Command}}.{{.Status}}")).toBe("idle .Created");
  await home.ok("rm", "idle");
});
