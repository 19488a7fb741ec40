import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });

const run = (...args: string[]) => home.ok("run", "--rm", "--network", "none", ...args);

test("--requires starts what it names first, and keeps it from being removed", async () => {
  await home.ok("create", "--name", "base", "--network", "none", "bb", "sleep", "100");
  await home.ok(
    "create",
    "--name",
    "middle",
    "--network",
    "none",
    "--requires",
    "base",
    "bb",
    "sleep",
    "100",
  );
  await run("--requires", "middle", "bb", "true");
  expect((await home.ok("ps", "--format", "{{.Names}}", "--sort", "names")).split("\n")).toEqual([
    "base",
    "middle",
  ]);
  expect(await home.coracle("rm", "-f", "base")).toMatchObject({
    stderr: expect.stringContaining("has dependent containers which must be removed before it"),
  });
  expect(await home.coracle("run", "--requires", "nobody", "bb", "true")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining('"nobody" is not a valid container, cannot be used as a dependency'),
  });
  await home.ok("rm", "-f", "-t", "0", "--depend", "base");
});

test("the container whose namespace is joined is started first", async () => {
  await home.ok("create", "--name", "net", "--network", "none", "bb", "sleep", "100");
  await home.ok("run", "--rm", "--network", "container:net", "bb", "true");
  expect(await home.ok("ps", "--format", "{{.Names}}")).toBe("net");
  await home.ok("rm", "-f", "-t", "0", "net");
});

test("--hostuser, --passwd-entry, --group-entry", async () => {
  const { stdout } = await home.exec(["sh", "-c", "id -un; id -u; id -g"]);
  const [name, uid, gid] = stdout.trim().split("\n");
  const passwd = await run("--hostuser", `root,${uid}`, "bb", "cat", "/etc/passwd");
  expect(passwd.split("\n").at(-1)).toMatch(new RegExp(`^${name}:\\*:${uid}:${gid}:[^:]*:/:/bin/sh$`));
  expect(passwd.match(/^root:/gm)).toHaveLength(1);
  const template = "$USERNAME:x:$UID:$GID:$NAME:$HOME:/bin/false";
  const entry = await run(
    "--user",
    "1234:777",
    "--passwd-entry",
    template,
    "bb",
    "tail",
    "-n1",
    "/etc/passwd",
  );
  expect(entry).toBe("1234:x:1234:777:container user:/:/bin/false");
  const group = await run(
    "--user",
    "1234",
    "--group-entry",
    "g$GROUPNAME:x:$GID:$USERLIST",
    "bb",
    "tail",
    "-n1",
    "/etc/group",
  );
  expect(group).toBe("g1234:x:1234:1234");
  expect(await home.coracle("run", "--rm", "--hostuser", "no-such-user", "bb", "true")).toMatchObject({
    exitCode: 126,
    stderr: expect.stringContaining("user: unknown user no-such-user"),
  });
});

test("--hosts-file and --no-hostname", async () => {
  const file = join(home.directory, "hosts");
  writeFileSync(file, "10.1.2.3 from-a-file\n");
  expect(await run("--hosts-file", file, "bb", "cat", "/etc/hosts")).toContain("10.1.2.3\tfrom-a-file");
  expect(await run("--hosts-file", "image", "bb", "cat", "/etc/hosts")).not.toContain("from-a-file");
  expect(await run("--hosts-file", "none", "bb", "head", "-n1", "/etc/hosts")).toBe("127.0.0.1\tlocalhost");
  expect(
    await home.coracle("run", "--rm", "--network", "none", "--hosts-file", "/no/such", "bb", "true"),
  ).toMatchObject({
    exitCode: 126,
    stderr: expect.stringContaining("/no/such"),
  });
  const hostname = await run(
    "--no-hostname",
    "--hostname",
    "named",
    "bb",
    "sh",
    "-c",
    "hostname; cat /etc/hostname || echo none",
  );
  expect(hostname).toBe("named\nnone");
});

test("--conmon-pidfile has the monitor's pid", async () => {
  const file = join(home.directory, "monitor.pid");
  await home.ok(
    "run",
    "-d",
    "--name",
    "pidfile",
    "--network",
    "none",
    "--conmon-pidfile",
    file,
    "bb",
    "sleep",
    "100",
  );
  const pid = await home.ok("inspect", "pidfile", "--format", "{{.State.ConmonPid}} {{.ConmonPidFile}}");
  expect(pid).toBe(`${readFileSync(file, "utf8")} ${file}`);
  await home.ok("rm", "-f", "-t", "0", "pidfile");
});

test("--personality, --env-merge, --chrootdirs", async () => {
  if (process.arch === "x64") expect(await run("--personality", "LINUX32", "bb", "uname", "-m")).toBe("i686");
  expect(await run("--env-merge", "PATH=${PATH}:/more", "bb", "sh", "-c", "echo $PATH")).toMatch(
    /:\/bin:\/more$/,
  );
  expect(await run("--chrootdirs", "/root/a,/b", "bb", "cat", "/root/a/etc/hosts", "/b/etc/hosts")).toContain(
    "localhost",
  );
});

test("--rmi takes the image along, unless another container has it", async () => {
  await home.ok("tag", "bb", "other");
  await home.ok("run", "--rmi", "--network", "none", "other", "true");
  expect(await home.ok("images", "--format", "{{.Repository}}")).toBe("localhost/bb");
  await home.ok("create", "--name", "user", "--network", "none", "bb");
  await home.ok("run", "--rmi", "--network", "none", "bb", "true");
  expect(await home.ok("images", "--format", "{{.Repository}}")).toBe("localhost/bb");
  expect(await home.ok("ps", "-a", "--format", "{{.Names}}")).toBe("user");
  await home.ok("rm", "user");
});

test("limits that only cgroup v1 has are refused", async () => {
  for (const [flags, message] of [
    [["--cpu-rt-period", "1000"], "Realtime period not supported on cgroups V2 systems"],
    [["--cpu-rt-runtime", "1000"], "Realtime runtime not supported on cgroups V2 systems"],
    [["--oom-kill-disable"], "OOM kill disable not supported on cgroups V2 systems"],
  ] as const) {
    expect(await home.coracle("run", "--rm", ...flags, "bb", "true")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(message),
    });
  }
});

test("limits of devices name devices that are there", async () => {
  await home.ok(
    "create",
    "--name",
    "io",
    "--device-read-bps",
    "/dev/null:1mb",
    "--blkio-weight-device",
    "/dev/null:100",
    "bb",
  );
  const format = "{{.HostConfig.BlkioDeviceReadBps}} {{.HostConfig.BlkioWeightDevice}}";
  expect(await home.ok("inspect", "io", "--format", format)).toBe("[{/dev/null 1048576}] [{/dev/null 100}]");
  await home.ok("rm", "io");
  expect(
    await home.coracle("run", "--rm", "--device-read-bps", "/dev/nothing:1mb", "bb", "true"),
  ).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(
      "could not parse throttle device at /dev/nothing: no such file or directory",
    ),
  });
  expect(await run("--device-cgroup-rule", "c 1:3 rwm", "bb", "echo", "ok")).toBe("ok");
});
