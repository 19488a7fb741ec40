import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";
import { hasCgroup, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });

const run = (...args: string[]) => home.ok("run", "--rm", "--network", "none", ...args);
const tried = (...args: string[]) => home.coracle("run", "--rm", "--network", "none", ...args);

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
  // Podman 4.3 takes an id of the digits 0 to 7 for an octal number here.
  const asSelf = ["--hostuser", name as string, "-u", name as string, "-w", "/tmp", "bb"];
  expect(await run(...asSelf, "sh", "-c", "echo $HOME $(id -u)")).toBe(`/tmp ${uid}`);
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
    exitCode: 127,
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
  expect(
    await run("--chrootdirs", "/root/a,b", "--chrootdirs", "/b", "bb", "cat", "/root/a,b/etc/hosts"),
  ).toContain("localhost");
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

test("limits that only cgroup v1 has are told of, or refused", async () => {
  for (const [flags, exitCode, stderr] of [
    [["--cpu-rt-period", "1000"], 0, "Realtime period not supported on cgroups V2 systems\n"],
    [["--cpu-rt-runtime", "1000"], 0, "Realtime runtime not supported on cgroups V2 systems\n"],
    [["--oom-kill-disable"], 125, "Error: OOM kill disable not supported on cgroups V2 systems\n"],
  ] as const) {
    expect(await home.coracle("run", "--rm", ...flags, "bb", "true")).toMatchObject({ exitCode, stderr });
  }
});

test("limits of devices name block devices that are there", async () => {
  const disk = readdirSync("/dev")
    .map((name) => join("/dev", name))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isBlockDevice());
  if (disk) {
    const limits = ["--device-read-bps", `${disk}:1mb`, "--blkio-weight-device", `${disk}:100`];
    await home.ok("create", "--name", "io", ...limits, "bb");
    const format = "{{.HostConfig.BlkioDeviceReadBps}} {{.HostConfig.BlkioWeightDevice}}";
    expect(await home.ok("inspect", "io", "--format", format)).toBe(`[{${disk} 1048576}] [{${disk} 100}]`);
    await home.ok("rm", "io");
  }
  for (const flag of ["--device-write-iops", "--blkio-weight-device"]) {
    expect(await home.coracle("create", flag, "/dev/null:100", "bb")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("Error: /dev/null: not a block device\n"),
    });
  }
  expect(
    await home.coracle("run", "--rm", "--device-read-bps", "/dev/nothing:1mb", "bb", "true"),
  ).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(
      "could not parse throttle device at /dev/nothing: no such file or directory",
    ),
  });
  expect(await home.coracle("run", "--rm", "--device-cgroup-rule", "c 1:3 rwm", "bb", "true")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(
      /^Error: device cgroup rules are not supported in rootless mode or in a user/,
    ),
  });
});

test("--systemd prepares for systemd what it needs", async () => {
  const script =
    "grep -E ' /(run|run/lock|tmp|var/log/journal) ' /proc/mounts | cut -d' ' -f2,3; env | grep -c container_uuid";
  const out = await run("--systemd", "always", "--shm-size-systemd", "1m", "bb", "sh", "-c", script);
  const expected = ["/run", "/run/lock", "/tmp", "/var/log/journal"].map((place) => `${place} tmpfs`);
  expect(out.split("\n").sort()).toEqual(["1", ...expected].sort());
  expect(await run("--systemd", "always", "--shm-size-systemd", "1m", "bb", "df", "-k", "/run")).toMatch(
    / 1024 /,
  );
  await home.ok("create", "--name", "init", "bb", "/sbin/init");
  const format = "{{.Config.StopSignal}} {{.Config.SystemdMode}}";
  expect(await home.ok("inspect", "init", "--format", format)).toBe("SIGRTMIN+3 true");
  await home.ok("rm", "init");
  await home.ok("create", "--name", "init", "--systemd=false", "bb", "/sbin/init");
  expect(await home.ok("inspect", "init", "--format", "{{.Config.StopSignal}}")).toBe("SIGTERM");
  await home.ok("rm", "init");
});

test("--cgroups=disabled leaves the container in the caller's cgroup", async () => {
  await home.ok(
    "run",
    "-d",
    "--name",
    "same",
    "--network",
    "none",
    "--cgroups=disabled",
    "bb",
    "sleep",
    "1000",
  );
  const pid = await home.ok("inspect", "--format", "{{.State.Pid}}", "same");
  expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).not.toMatch(/\/coracle-[0-9a-f]{64}$/m);
  expect(await home.coracle("pause", "same")).toMatchObject({ exitCode: 125 });
  expect(await home.ok("stats", "-a", "--no-stream", "--format", "{{.Name}}")).not.toContain("same");
  expect(await home.coracle("stats", "--no-stream", "same")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("this container does not have a cgroup"),
  });
  await home.ok("rm", "-f", "-t", "0", "same");
});

test("--cgroup-parent and --cgroups=split put it where they say", async (context) => {
  skipUnless(context, hasCgroup());
  const cgroupOf = (pid: string) => /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
  // In a cgroup of its own, as a unit with Delegate=yes has it.
  const script = 'mkdir -p "$0"; echo 0 >"$0/cgroup.procs"; "$@"; sed -n s/^0:://p /proc/self/cgroup';
  const inside = async (unit: string, ...flags: string[]) => {
    const argv = [
      home.program,
      "run",
      "-d",
      "--name",
      "placed",
      "--network",
      "none",
      ...flags,
      "bb",
      "sleep",
      "1000",
    ];
    const { stdout } = await home.exec(["sh", "-c", script, `/sys/fs/cgroup${unit}`, ...argv]);
    const container = cgroupOf(await home.ok("inspect", "--format", "{{.State.Pid}}", "placed"));
    await home.ok("rm", "-f", "-t", "0", "placed");
    return { container, caller: stdout.split("\n")[1] };
  };
  const own = (await home.exec(["sed", "-n", "s/^0:://p", "/proc/self/cgroup"])).stdout.trim();
  const unit = `${dirname(own)}/unit`;
  const parent = `${dirname(own)}/parent`;
  expect((await inside(unit, "--cgroup-parent", parent)).container).toMatch(`${parent}/`);
  const split = await inside(unit, "--cgroups=split");
  expect(split.caller).toBe(`${unit}/supervisor`);
  expect(split.container).toMatch(`${unit}/libpod-payload-`);
  // Another command from the half that is left makes no halves of that.
  const again = await inside(`${unit}/supervisor`, "--cgroups=split");
  expect(again.caller).toBe(`${unit}/supervisor`);
  expect(again.container).toMatch(`${unit}/libpod-payload-`);
  // What holds the user namespace was started there, and ends in a moment.
  const holder = `/sys/fs/cgroup${unit}/supervisor/cgroup.procs`;
  await waitUntil(() => readFileSync(holder, "utf8") === "");
  for (const cgroup of [`${unit}/supervisor`, unit, parent]) rmdirSync(`/sys/fs/cgroup${cgroup}`);
});

test("the cgroup is writable for systemd", async (context) => {
  const out = await run("--systemd", "always", "bb", "grep", " /sys/fs/cgroup ", "/proc/mounts");
  if (!(await home.ok("info", "--format", "{{.Host.CgroupControllers}}")))
    return context.skip("no cgroup is delegated");
  expect(out).toMatch(/ cgroup2 rw,/);
});

test("-v SOURCE:TARGET:O keeps the source as it is", async () => {
  const source = join(home.directory, "beside");
  mkdirSync(source);
  writeFileSync(join(source, "old"), "old\n");
  const script = "ls /d; rm -f /d/old; echo new > /d/new; ls /d";
  await home.ok(
    "create",
    "--name",
    "beside",
    "--network",
    "none",
    "-v",
    `${source}:/d:O`,
    "bb",
    "sh",
    "-c",
    script,
  );
  // What was written is gone with the next start.
  for (let start = 0; start < 2; start++) expect(await home.ok("start", "-a", "beside")).toBe("old\nnew");
  expect(readdirSync(source)).toEqual(["old"]);
  await home.ok("rm", "beside");
  const [upper, work] = ["upper", "work"].map((name) => join(home.directory, name)) as [string, string];
  for (const directory of [upper, work]) mkdirSync(directory);
  await run("-v", `${source}:/d:O,upperdir=${upper},workdir=${work}`, "bb", "touch", "/d/kept");
  expect(readdirSync(upper)).toEqual(["kept"]);
});

test("--mount with subpath shows a part of a volume or image, and never what is outside of it", async () => {
  const volume = (subpath: string, ...command: string[]) =>
    tried("--mount", `type=volume,src=parts,dst=/x,subpath=${subpath}`, "bb", ...command);
  await home.ok(
    ...["run", "--rm", "--network", "none", "-v", "parts:/m", "bb", "sh", "-c"],
    "mkdir -p /m/a/b; echo hi >/m/a/b/f; ln -s / /m/out; ln -s /a/b /m/in",
  );
  expect(await volume("a/b", "cat", "/x/f")).toMatchObject({ stdout: "hi\n" });
  expect(await volume("a/b/f", "cat", "/x")).toMatchObject({ stdout: "hi\n" });
  expect(await volume("in", "ls", "/x")).toMatchObject({ stdout: "f\n" });
  for (const path of ["out", "../../../.."]) {
    expect(await volume(path, "ls", "/x")).toMatchObject({ stdout: "a\nin\nout\n" });
  }
  expect(await volume("nowhere", "ls", "/x")).toMatchObject({
    exitCode: 126,
    stderr: expect.stringContaining("nowhere"),
  });
  expect(await run("--mount", "type=image,src=bb,dst=/x,subpath=/etc", "bb", "ls", "/x")).toBe(
    "group\npasswd",
  );
  await home.ok("create", "--name", "part", "--mount", "src=parts,dst=/x,subpath=in", "bb", "true");
  const { stdout } = await home.exec(["sh", "-c", '"$0" cp part:/x/f - | tar -xO', home.program]);
  expect(stdout).toBe("hi\n");
  await home.ok("rm", "--volumes", "part");
});

test("-v with U and O: the container's user owns what it sees; no-dereference keeps a link a link", async () => {
  const owned = ["-v", "owned:/m:U,O", "-u", "guest", "bb", "sh", "-c", "stat -c %U /m; touch /m/own"];
  expect(await run(...owned)).toBe("guest");
  symlinkSync("nowhere", join(home.env.HOME as string, "link"));
  expect(await run("-v", "./link:/x:no-dereference", "bb", "readlink", "/x")).toBe("nowhere");
});

test("--mount type=image", async () => {
  const read = await home.coracle(
    "run",
    "--rm",
    "--network",
    "none",
    "--mount",
    "type=image,src=bb,dst=/i",
    "bb",
    "touch",
    "/i/x",
  );
  expect(read).toMatchObject({ exitCode: 1, stderr: "touch: /i/x: Read-only file system\n" });
  await home.ok(
    "create",
    "--name",
    "image",
    "--network",
    "none",
    "--mount",
    "type=image,src=bb,dst=/i,rw=true",
    "bb",
    "sh",
    "-c",
    "touch /i/x; ls /i/x /i/bin/sh",
  );
  expect(await home.ok("start", "-a", "image")).toBe("/i/bin/sh\n/i/x");
  await home.ok("rm", "image");
  expect(await home.coracle("create", "--mount", "type=image,src=no:1,dst=/i", "bb")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining('creating image volume "no:1":"/i": no:1: image not known'),
  });
});

test("--mount type=glob and type=ramfs", async () => {
  const directory = join(home.directory, "globbed");
  mkdirSync(directory);
  for (const name of ["a1", "a2", "b1"]) writeFileSync(join(directory, name), `${name}\n`);
  expect(
    await run("--mount", `type=glob,src=${directory}/a[0-9],dst=/g`, "bb", "sh", "-c", "ls /g; cat /g/*"),
  ).toBe("a1\na2\na1\na2");
  expect(await run("--mount", "type=ramfs,dst=/r", "bb", "grep", " /r ", "/proc/mounts")).toMatch(
    /^ramfs \/r ramfs rw,/,
  );
});

test("--pull=newer keeps an image whose short name no registry is asked for", async () => {
  expect(await run("--pull", "newer", "bb", "echo", "here")).toBe("here");
});

test("--volumes-from takes volumes over, unless one is asked for in their place", async () => {
  const source = join(home.directory, "shared");
  mkdirSync(source);
  await home.ok(
    "create",
    "--name",
    "owner",
    "--network",
    "none",
    "-v",
    "vol:/v",
    "-v",
    `${source}:/s`,
    "-v",
    "/anon",
    "--tmpfs",
    "/t",
    "bb",
  );
  await run("--volumes-from", "owner", "bb", "sh", "-c", "touch /v/1 /s/2 /anon/3");
  expect(readdirSync(source)).toEqual(["2"]);
  // The anonymous volume stays, as another container has it.
  expect(
    await run(
      "--volumes-from",
      "owner",
      "--mount",
      "type=tmpfs,dst=/s",
      "bb",
      "sh",
      "-c",
      "find /v /anon /s /t -mindepth 1 2>/dev/null | sort",
    ),
  ).toBe("/anon/3\n/v/1");
  const mounts = await run(
    "--volumes-from",
    "owner:ro",
    "bb",
    "grep",
    "-cE",
    " /(v|s|anon) [a-z0-9]+ ro",
    "/proc/mounts",
  );
  expect(mounts).toBe("3");
  expect(await home.coracle("run", "--rm", "--volumes-from", "nobody", "bb", "true")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(
      'looking up container "nobody" for volumes-from: no container with name or ID',
    ),
  });
  const other = ["-v", `${source}:/v`, "bb"];
  await home.ok("create", "--name", "other", "--network", "none", "--volumes-from", "owner", ...other);
  expect(
    await home.coracle("create", "--volumes-from", "owner", "--volumes-from", "other", "bb"),
  ).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("conflict at mount destination /v: duplicate mount destination"),
  });
  // It goes with the last that has it.
  await home.ok("rm", "owner");
  await home.ok("rm", "-v", "other");
  expect(await home.ok("volume", "ls", "-q")).not.toMatch(/^[0-9a-f]{64}$/m);
  await home.ok("volume", "rm", "vol");
});
