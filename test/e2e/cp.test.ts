import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const host = (...names: string[]) => join(home.env.HOME as string, ...names);
const cp = (...args: string[]) => home.coracle("cp", ...args);

beforeAll(async () => {
  await home.ok(
    "run",
    "-d",
    "--name",
    "running",
    "--network",
    "none",
    "-v",
    "vol:/vol",
    "bb",
    "sleep",
    "1000",
  );
  await home.ok("create", "--name", "stopped", "--network", "none", "-v", "vol2:/vol", "bb", "sleep", "1000");
  mkdirSync(host("tree/sub"), { recursive: true });
  writeFileSync(host("tree/sub/file"), "data", { mode: 0o640 });
  symlinkSync("sub/file", host("tree/link"));
  writeFileSync(host("file"), "content", { mode: 0o751 });
  utimesSync(host("file"), 1_000_000_000, 1_000_000_000);
});
afterAll(async () => {
  await home.coracle("rm", "-a", "-f", "-t", "0", "-v");
});

describe.each(["running", "stopped"])("a %s container", (name) => {
  const cat = async (path: string) => {
    const { stdout } = await home.coracle("cp", `${name}:${path}`, "-");
    return execFileSync("tar", ["-xO"], { input: stdout }).toString();
  };

  test("takes a file: to a new name, into a directory, over another", async () => {
    expect(await cp(host("file"), `${name}:/etc/new`)).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expect(await cat("/etc/new")).toBe("content");
    await cp("./file", `${name}:/tmp`);
    expect(await cat("/tmp/file")).toBe("content");
    await cp("file", `${name}:/etc/group`);
    expect(await cat("/etc/group")).toBe("content");
    await cp("file", `${name}:relative`);
    expect(await cat("/relative")).toBe("content");
  });

  test("keeps mode and time, and the file is root's", async () => {
    await cp("file", `${name}:/kept`);
    const { stdoutBytes } = await cp(`${name}:/kept`, "-");
    expect(
      execFileSync("tar", ["-tv", "--numeric-owner", "--full-time"], {
        input: stdoutBytes,
        env: { TZ: "UTC" },
      }).toString(),
    ).toMatch(/^-rwxr-x--x 0\/0 +7 2001-09-09 01:46:40 kept\n$/);
  });

  test("takes a directory: as a new one, into one, its contents", async () => {
    await cp("tree", `${name}:/made`);
    expect(await cat("/made/sub/file")).toBe("data");
    await cp("tree", `${name}:/srv/`);
    await cp("tree", `${name}:/home`);
    expect(await cat("/home/tree/sub/file")).toBe("data");
    await cp("tree/.", `${name}:/home`);
    expect(await cat("/home/sub/file")).toBe("data");
    await cp("tree/.", `${name}:/fresh`);
    expect(await cat("/fresh/sub/file")).toBe("data");
  });

  test("gives files and directories, links included", async () => {
    await cp("tree", `${name}:/given`);
    const to = `from-${name}`;
    mkdirSync(host(to));
    expect(await cp(`${name}:/given/sub/file`, to)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(host(to, "file"), "utf8")).toBe("data");
    expect(statSync(host(to, "file")).mode & 0o777).toBe(0o640);
    expect(statSync(host(to, "file")).uid).toBe(process.getuid?.());
    await cp(`${name}:/given`, to);
    expect(readlinkSync(host(to, "given/link"))).toBe("sub/file");
    await cp(`${name}:/given/.`, join(to, "contents"));
    expect(readdirSync(host(to, "contents")).sort()).toEqual(["link", "sub"]);
    await cp(`${name}:/given/sub/file`, join(to, "named"));
    expect(readFileSync(host(to, "named"), "utf8")).toBe("data");
    await cp(`${name}:/given/link`, join(to, "followed"));
    expect(readFileSync(host(to, "followed"), "utf8")).toBe("data");
  });

  test("takes and gives tar streams", async () => {
    const tar = execFileSync("tar", ["-c", "-C", host("tree"), "."]);
    expect(await home.run(["cp", "-", `${name}:/tmp`], { input: tar })).toMatchObject({ exitCode: 0 });
    expect(await cat("/tmp/sub/file")).toBe("data");
    const { stdoutBytes } = await cp(`${name}:/tmp/sub`, "-");
    expect(execFileSync("tar", ["-t"], { input: stdoutBytes }).toString()).toBe("sub/\nsub/file\n");
  });

  test("writes through the container's links to files, be these there or not", async () => {
    const links = host(`files-${name}`);
    mkdirSync(join(links, "deep"), { recursive: true });
    writeFileSync(join(links, "real"), "old");
    symlinkSync("real", join(links, "relative"));
    symlinkSync("/tmp/to/new", join(links, "absolute"));
    symlinkSync("../up", join(links, "deep/up"));
    symlinkSync("deep", join(links, "directory"));
    symlinkSync("nosuch/file", join(links, "nowhere"));
    await cp(links, `${name}:/tmp/to`);
    for (const link of ["relative", "absolute", "directory/up"]) {
      expect(await cp("file", `${name}:/tmp/to/${link}`)).toMatchObject({ exitCode: 0, stderr: "" });
    }
    for (const file of ["real", "new", "up", "relative"])
      expect(await cat(`/tmp/to/${file}`)).toBe("content");
    await cp(`${name}:/tmp/to/.`, `back-${name}`);
    expect(readlinkSync(host(`back-${name}`, "absolute"))).toBe("/tmp/to/new");
    expect((await cp("file", `${name}:/tmp/to/nowhere`)).stderr).toMatch(/could not be found on container/);
  });

  test("copies into and out of volumes", async () => {
    await cp("file", `${name}:/vol/in`);
    const volume = name === "running" ? "vol" : "vol2";
    expect(
      await home.ok("run", "--rm", "--network", "none", "-v", `${volume}:/v`, "bb", "cat", "/v/in"),
    ).toBe("content");
    expect(await cat("/vol/in")).toBe("content");
  });

  test("does not lead out by its links", async () => {
    const outside = host(`outside-${name}`);
    mkdirSync(outside);
    writeFileSync(join(outside, "secret"), "host");
    symlinkSync(outside, host("escape"));
    symlinkSync("../../../../../../../../etc", host("up"));
    await cp("escape", `${name}:/links/`).catch(() => {});
    execFileSync("rm", [host("escape"), host("up")]);
    // Made inside, pointing to a host path that exists.
    const make = execFileSync("tar", ["-c", "-C", makeLinks(outside, name), "."]);
    await home.run(["cp", "-", `${name}:/tmp`], { input: make });
    await cp("file", `${name}:/tmp/absolute/planted`);
    await cp("file", `${name}:/tmp/climbing/planted`);
    expect(existsSync(join(outside, "planted"))).toBe(false);
    expect(existsSync("/etc/planted")).toBe(false);
    const result = await cp(`${name}:/tmp/absolute/secret`, "-");
    expect(result.exitCode).not.toBe(0);
    expect(result.stdout).not.toContain("host");
  });

  test.each([
    [["nothing", "NAME:/tmp"], /^Error: "nothing" could not be found on the host: no such file or directory/],
    [["NAME:/nothing", "."], /\/nothing.*no such file or directory/],
    [
      ["file", "NAME:/no/such/dir/x"],
      /^Error: "\/no\/such\/dir\/x" could not be found on container (running|stopped): no such file or directory/,
    ],
    [["file", "NAME:/nodir/"], /no such file or directory/],
    [["tree", "NAME:/etc/passwd"], /^Error: destination must be a directory when copying a directory/],
    [["-", "NAME:/etc/passwd"], /^Error: destination must be a directory when copying from stdin/],
    [["file", "NAME:"], /^Error: invalid arguments "file", "(running|stopped):": you must specify paths$/m],
    [["file", "nosuch:/tmp"], /container "nosuch" does not exist/],
    [["file", "tree"], /^Error: name or ID cannot be empty/],
  ])("%j is an error", async (args, message) => {
    const result = await home.run(["cp", ...args.map((arg) => arg.replace("NAME", name))], { input: "" });
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*\n$/);
    expect(result.stderr).toMatch(message);
  });
});

function makeLinks(target: string, name: string): string {
  const directory = host(`links-${name}`);
  mkdirSync(directory);
  symlinkSync(target, join(directory, "absolute"));
  symlinkSync("../../../../../../../../../etc", join(directory, "climbing"));
  return directory;
}

test("what comes from stdin has to be an archive", async () => {
  const result = await home.run(["cp", "-", "running:/tmp"], { input: "no archive\n" });
  expect(result).toMatchObject({ exitCode: 125, stdout: "" });
  expect(result.stderr).toMatch(
    /^Error: source must be a \(compressed\) tar archive when copying from stdin; .*\n$/,
  );
});

test("from container to container", async () => {
  await cp("tree", "running:/between");
  expect(await cp("running:/between", "stopped:/between")).toMatchObject({ exitCode: 0 });
  await cp("stopped:/between/sub/file", "back");
  expect(readFileSync(host("back"), "utf8")).toBe("data");
});

test("files become the caller's on the host, and keep their owners with --archive=false", async () => {
  await home.ok("exec", "running", "sh", "-c", "mkdir /owned && touch /owned/x && chown 33:44 /owned/x");
  await cp("running:/owned", "owned");
  expect(lstatSync(host("owned/x")).uid).toBe(process.getuid?.());
  await cp("--archive=false", "running:/owned", "stopped:/owned");
  const { stdoutBytes } = await cp("stopped:/owned", "-");
  expect(execFileSync("tar", ["-tv", "--numeric-owner"], { input: stdoutBytes }).toString()).toMatch(
    / 33\/44 .*owned\/x/,
  );
});

test("a stopped container starts with what was copied", async () => {
  await cp("file", "stopped:/started");
  await home.ok("start", "stopped");
  expect(await home.ok("exec", "stopped", "cat", "/started")).toBe("content");
  await home.ok("stop", "-t", "0", "stopped");
});

test("sparse and large files come through", async () => {
  execFileSync("sh", ["-c", "truncate -s 200M big; printf end >>big"], { cwd: home.env.HOME });
  await cp("big", "running:/big");
  expect(await home.ok("exec", "running", "sh", "-c", "stat -c %s /big; tail -c 3 /big")).toBe(
    `${200 * 1024 * 1024 + 3}\nend`,
  );
  await cp("running:/big", "big2");
  expect(statSync(host("big2")).size).toBe(200 * 1024 * 1024 + 3);
});

test("between two runs of a container that is restarted", async () => {
  const fails = ["--restart", "always", "bb", "sh", "-c", "test -e /between && exec sleep 1000; exit 1"];
  await home.ok("run", "-d", "--name", "again", "--network", "none", ...fails);
  const file = join(home.directory, "between");
  writeFileSync(file, "seen");
  // By now a second and a half lies between two runs.
  const state = () => home.ok("inspect", "--format", "{{.State.Status}} {{.RestartCount}}", "again");
  await expect.poll(state, { interval: 10, timeout: 20_000 }).toBe("restarting 4");
  await home.ok("cp", file, "again:/between");
  await expect
    .poll(async () => (await home.coracle("exec", "again", "cat", "/between")).stdout, { timeout: 20_000 })
    .toBe("seen");
  await home.ok("rm", "-f", "-t", "0", "again");
});

test("all of a running container, but for /dev, /proc and /sys", async () => {
  mkdirSync(host("whole"));
  expect(await cp("running:/", host("whole"))).toMatchObject({ exitCode: 0, stderr: "" });
  expect(readdirSync(host("whole/etc"))).toContain("passwd");
  for (const name of ["proc", "sys", "dev"]) expect(readdirSync(host("whole"))).not.toContain(name);
  expect(await cp("running:/proc", host("proc"))).toMatchObject({ exitCode: 0, stderr: "" });
  const asked = await home.run(["cp", "running:/proc/sys/kernel/random", "-"]);
  expect(asked.stdoutBytes).toEqual(Buffer.alloc(1024));
  expect(await cp("running:/proc/version", host("version"))).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(/copier: get: copied no items: no such file or directory/),
  });
  expect(existsSync(host("version"))).toBe(false);
});

test("a volume that is copied into before its first use has what the image has there, too", async () => {
  await home.ok("create", "--name", "unused", "--network", "none", "-v", "fresh:/bin", "bb", "ls", "/bin");
  await home.ok("cp", host("file"), "unused:/bin/added");
  const names = (await home.ok("start", "-a", "unused")).split("\n");
  expect(names).toContain("added");
  expect(names).toContain("sh");
  await home.ok("rm", "unused");
  await home.ok("volume", "rm", "fresh");
});
