/** Volumes, binds, tmpfs, read-only root filesystems. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";
import { hasDevice, hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const run = (...args: string[]) => home.coracle("run", "--rm", "--network", "none", ...args);

function directory(name: string): string {
  const path = join(home.env.HOME as string, name);
  mkdirSync(path);
  return path;
}

describe("a bind mount", () => {
  test("shows the host's files and takes new ones, which belong to the caller", async () => {
    const host = directory("bind");
    writeFileSync(join(host, "in"), "from host");
    expect(await run("-v", `${host}:/mnt`, "bb", "sh", "-c", "cat /mnt/in; echo x >/mnt/out")).toMatchObject({
      exitCode: 0,
      stdout: "from host",
    });
    expect(readFileSync(join(host, "out"), "utf8")).toBe("x\n");
    expect(statSync(join(host, "out")).uid).toBe(process.getuid?.());
  });

  test("at /run gets no .containerenv, which would be made on the host", async () => {
    const host = directory("run");
    const list = ["bb", "ls", "-A", "/run"];
    expect(await run("-v", `${host}:/run`, ...list)).toMatchObject({ exitCode: 0, stdout: "" });
    expect(readdirSync(host)).toEqual([]);
    expect(await run("--tmpfs", "/run", ...list)).toMatchObject({ stdout: ".containerenv\n" });
  });

  test("of a relative path, a single file, a path with spaces", async () => {
    const host = directory("with space");
    writeFileSync(join(host, "f"), "data");
    expect((await run("-v", "./with space:/x y:ro", "bb", "cat", "/x y/f")).stdout).toBe("data");
    expect((await run("-v", `${host}/f:/etc/new/file`, "bb", "cat", "/etc/new/file")).stdout).toBe("data");
  });

  test.each([
    ["-v", (host: string) => `${host}:/mnt:ro`],
    ["--mount", (host: string) => `type=bind,source=${host},destination=/mnt,readonly`],
    ["--mount", (host: string) => `type=bind,src=${host},dst=/mnt,ro=true`],
  ])("read-only by %s", async (flag, value) => {
    const host = directory(`ro${Math.random()}`);
    const result = await run(flag, value(host), "bb", "touch", "/mnt/x");
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toMatch(/Read-only file system/);
    expect(existsSync(join(host, "x"))).toBe(false);
  });

  test("with U becomes the container's user's, links aside", async () => {
    const [host, outside] = [directory("owned"), directory("outside")];
    writeFileSync(join(host, "file"), "");
    symlinkSync(outside, join(host, "link"));
    const { stdout, stderr } = await run(
      ...["-u", "33:44", "-v", `${host}:/mnt:U`, "bb"],
      ...["sh", "-c", "stat -c %u:%g /mnt /mnt/file && touch /mnt/new && echo ok"],
    );
    expect({ stdout, stderr }).toEqual({ stdout: "33:44\n33:44\nok\n", stderr: "" });
    expect(statSync(outside).uid).toBe(process.getuid?.());
    expect(statSync(host).uid).not.toBe(process.getuid?.());
  });

  test("of what doesn't exist is refused", async () => {
    const result = await run("-v", "/no/such/dir:/mnt", "bb", "true");
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*\/no\/such\/dir.*\n$/);
  });

  test("of a destination given twice is refused", async () => {
    expect(await run("-v", "/etc:/mnt", "-v", "/usr:/mnt", "bb", "true")).toMatchObject({ exitCode: 125 });
  });
});

describe("a volume", () => {
  test("keeps its content from container to container", async () => {
    await run("-v", "data:/data", "bb", "sh", "-c", "echo kept >/data/file");
    expect((await run("-v", "data:/other", "bb", "cat", "/other/file")).stdout).toBe("kept\n");
    expect(await home.ok("volume", "ls", "--quiet")).toBe("data");
    await home.ok("volume", "rm", "data");
  });

  test("gets the image's content with owners and modes, once", async () => {
    const archive = imageArchive("e2e-volume", {
      reference: "localhost/content:latest",
      layers: [
        [
          { path: "bin/", type: "directory" },
          { path: "bin/busybox", data: readFileSync("/bin/busybox"), mode: 0o755 },
          { path: "bin/sh", type: "symlink", target: "busybox" },
          { path: "srv/", type: "directory", uid: 7, gid: 8, mode: 0o750 },
          { path: "srv/file", data: "content", uid: 9, gid: 9, mode: 0o4711 },
          { path: "srv/sub/", type: "directory", uid: 7, gid: 7, mode: 0o1777 },
          { path: "srv/link", type: "symlink", target: "file" },
        ],
      ],
      config: { Cmd: ["/bin/sh"], Env: ["PATH=/bin"], Volumes: { "/srv": {} } },
    });
    await home.ok("load", "--input", archive);
    const look = "cd /srv; busybox stat -c '%n %u:%g %a' . file sub; busybox readlink link; busybox cat file";
    const expected = ". 7:8 750\nfile 9:9 4711\nsub 7:7 1777\nfile\ncontent";
    expect((await run("-v", "vol:/srv", "content", "sh", "-c", look)).stdout).toBe(expected);
    // Changed and used elsewhere: nothing is copied again.
    await run("-v", "vol:/srv", "content", "sh", "-c", "busybox rm /srv/link");
    expect((await run("-v", "vol:/srv", "content", "busybox", "ls", "/srv")).stdout).toBe("file\nsub\n");
    expect((await run("-v", "none:/srv:nocopy", "content", "busybox", "ls", "/srv")).stdout).toBe("");
    // Declared by the image: an anonymous one, gone with its --rm container.
    expect((await run("content", "sh", "-c", look)).stdout).toBe(expected);
    expect(await home.ok("volume", "ls", "--quiet")).toBe("none\nvol");
    expect((await run("--image-volume", "tmpfs", "content", "busybox", "df", "/srv")).stdout).toMatch(
      /^tmpfs/m,
    );
    expect((await run("--image-volume", "ignore", "content", "busybox", "df", "/srv")).stdout).toMatch(
      / \/$/m,
    );
    await home.ok("volume", "rm", "none", "vol");
  });

  test("that is new belongs to the container's user", async () => {
    expect(
      (await run("-u", "33:44", "-v", "mine:/new", "bb", "sh", "-c", "touch /new/x && stat -c %u:%g /new"))
        .stdout,
    ).toBe("33:44\n");
    // With U to another.
    expect(
      (await run("-u", "55:66", "-v", "mine:/new:U", "bb", "stat", "-c", "%u:%g", "/new/x")).stdout,
    ).toBe("55:66\n");
    await home.ok("volume", "rm", "mine");
  });

  test("without a name goes with --rm and rm --volumes, else stays", async () => {
    const volumes = () => home.ok("volume", "ls", "--quiet");
    await run("-v", "/anonymous", "bb", "touch", "/anonymous/x");
    expect(await volumes()).toBe("");
    await home.ok("create", "--name", "keeps", "-v", "/anonymous", "bb");
    await home.ok("rm", "keeps");
    expect(await volumes()).toMatch(/^[0-9a-f]{64}$/);
    await home.ok("volume", "rm", await volumes());
    await home.ok("create", "--name", "drops", "-v", "/anonymous", "bb");
    await home.ok("rm", "--volumes", "drops");
    expect(await volumes()).toBe("");
  });

  test("in use can't be removed", async () => {
    await home.ok("create", "--name", "user", "-v", "used:/used", "bb");
    const result = await home.coracle("volume", "rm", "used");
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/^Error: .*used.*\n$/);
    await home.ok("rm", "user");
    await home.ok("volume", "rm", "used");
  });

  test("of a failed create is not left behind", async () => {
    await run("-v", "leftover:/x", "-u", "nosuch", "bb", "true");
    await home.coracle("create", "-v", "leftover:/x", "-v", "/no/such:/y", "bb");
    expect(await home.ok("volume", "ls", "--quiet")).toMatch(/^(leftover)?$/);
    await home.coracle("volume", "rm", "leftover");
  });
});

describe("a tmpfs", () => {
  test.each([
    ["--tmpfs", "/scratch:size=1m,mode=1770", /^tmpfs +1024 /m],
    ["--mount", "type=tmpfs,destination=/scratch,tmpfs-size=1m,tmpfs-mode=1770", /^tmpfs +1024 /m],
  ])("%s %s", async (flag, value, size) => {
    const { stdout } = await run(
      flag,
      value,
      "bb",
      "sh",
      "-c",
      "df /scratch; stat -c %a /scratch; touch /scratch/x",
    );
    expect(stdout).toMatch(size);
    expect(stdout).toMatch(/^1770$/m);
  });

  test("shows the image's content that it covers", async () => {
    expect(
      (await run("--tmpfs", "/etc", "bb", "sh", "-c", "rm /etc/group; ls /etc/passwd /etc/group 2>&1"))
        .stdout,
    ).toMatch(/group: No such file.*\n\/etc\/passwd/s);
  });
});

describe("a read-only container", () => {
  test("can write to tmpfs mounts and volumes only", async () => {
    const script = `for d in / /etc /tmp /var/tmp /run /dev/shm /vol; do touch $d/x 2>/dev/null && echo $d; done`;
    const { stdout } = await run("--read-only", "-v", "w:/vol", "bb", "sh", "-c", script);
    expect(stdout.split("\n").filter(Boolean)).toEqual(["/tmp", "/var/tmp", "/run", "/dev/shm", "/vol"]);
    await home.ok("volume", "rm", "w");
  });

  test("can write nothing with --read-only-tmpfs=false", async () => {
    const script = `for d in / /etc /tmp /run /dev; do touch $d/x 2>/dev/null && echo $d; done; true`;
    expect(await run("--read-only", "--read-only-tmpfs=false", "bb", "sh", "-c", script)).toMatchObject({
      exitCode: 0,
      stdout: "",
    });
  });
});

describe("--userns=keep-id", () => {
  test("makes the caller the user, who owns what he writes", async (context) => {
    skipUnless(context, hasProgram("fuse-overlayfs"), hasDevice("/dev/fuse"));
    const host = directory("keep");
    chmodSync(host, 0o700);
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    const script =
      "id -u; id -g; whoami; touch /mnt/mine; stat -c %u:%g /mnt/mine / /etc/passwd /bin/busybox /home/guest";
    const { stdout, stderr } = await run(
      "--userns",
      "keep-id",
      "-v",
      `${host}:/mnt`,
      "bb",
      "sh",
      "-c",
      script,
    );
    const name = home.env.USER || uid;
    expect({ stdout, stderr }).toEqual({
      stdout: `${uid}\n${gid}\n${name}\n${uid}:${gid}\n0:0\n0:0\n0:0\n1000:1000\n`,
      stderr: "",
    });
    expect(statSync(join(host, "mine")).uid).toBe(uid);
  });

  test("keeps the root filesystem from him and gives root what is root's", async (context) => {
    skipUnless(context, hasProgram("fuse-overlayfs"), hasDevice("/dev/fuse"));
    const flags = ["--userns", "keep-id", "-v", "kept:/home/guest"];
    expect(
      await run(...flags, "bb", "sh", "-c", "echo >>/etc/hosts || echo >>/etc/passwd || touch /x"),
    ).toMatchObject({
      exitCode: 1,
    });
    const script = "touch /x /root/y && stat -c %u:%g /x /home/guest && echo 1 >>/etc/hosts";
    expect((await run(...flags, "-u", "0", "bb", "sh", "-c", script)).stdout).toBe("0:0\n1000:1000\n");
    await home.ok("volume", "rm", "kept");
  });

  test("with ids of choice", async (context) => {
    skipUnless(context, hasProgram("fuse-overlayfs"), hasDevice("/dev/fuse"));
    const { stdout } = await run(
      "--userns",
      "keep-id:uid=200,gid=210",
      "bb",
      "sh",
      "-c",
      "id -u; id -g; cat /proc/self/uid_map",
    );
    expect(stdout).toMatch(/^200\n210\n/);
    expect(stdout).toMatch(/^ +200 +0 +1$/m);
  });

  test("nomap leaves the caller out", async (context) => {
    skipUnless(context, hasProgram("fuse-overlayfs"), hasDevice("/dev/fuse"));
    expect(
      (await run("--userns", "nomap", "bb", "sh", "-c", "id -u; cat /proc/self/uid_map")).stdout,
    ).toMatch(/^0\n +0 +1 +\d+\n$/);
  });
});

describe("--rootfs", () => {
  const busybox = (name: string) => {
    const directory = join(home.env.HOME as string, name);
    for (const each of ["bin", "etc", "proc", "sys", "dev"])
      mkdirSync(join(directory, each), { recursive: true });
    copyFileSync("/bin/busybox", join(directory, "bin/sh"));
    return directory;
  };
  const script = "[ -e /made ] && echo again; echo >/made; echo done";

  test("DIR is written to", async () => {
    const directory = busybox("tree");
    const run = () => home.ok("run", "--rm", "--network", "none", "--rootfs", directory, "sh", "-c", script);
    expect(await run()).toBe("done");
    expect(await run()).toBe("again\ndone");
  });

  test("DIR:O is not, and what was written beside it is gone with the next start", async () => {
    const directory = busybox("lower:tree");
    const flags = ["--name", "beside", "--network", "none", "--rootfs", `${directory}:O`];
    await home.ok("create", ...flags, "sh", "-c", script);
    expect(await home.ok("start", "-a", "beside")).toBe("done");
    expect(await home.ok("start", "-a", "beside")).toBe("done");
    expect(await home.ok("inspect", "--format", "{{.Rootfs}}", "beside")).toBe(directory);
    expect((await home.ok("diff", "beside")).split("\n")).toContain("A /made");
    expect(existsSync(join(directory, "made"))).toBe(false);
    await home.ok("container", "clone", "beside", "clone");
    expect(await home.ok("start", "-a", "clone")).toBe("done");
    await home.ok("rm", "beside", "clone");
    expect(existsSync(join(directory, "bin/sh"))).toBe(true);
  });
});
