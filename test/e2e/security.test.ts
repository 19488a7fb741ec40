/**
 * Attacks by an image or by what runs in a container on the engine outside of it. What the runtime has to withstand is
 * in test/native/runtime, the unpacking of archives in test/native/layer.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TarEntry } from "../../bin/oci-archive.ts";
import { useHome } from "../support/home.ts";
import { busyboxConfig, busyboxEntries, imageArchive, scratch } from "../support/images.ts";

const home = useHome({ image: true });
/** A directory of the host that everybody could write to, at a path that images know. */
const sentinel = join(scratch(), "sentinel");
const secret = join(sentinel, "secret");
const none = ["--network", "none"];

function makeSentinel() {
  execFileSync("rm", ["-rf", sentinel]);
  mkdirSync(sentinel, { mode: 0o777 });
  writeFileSync(secret, "host's own\n", { mode: 0o666 });
}

const stateOfSentinel = () => ({
  files: readdirSync(sentinel),
  secret: readFileSync(secret, "utf8"),
  mtime: statSync(secret).mtimeMs,
  directory: statSync(sentinel).mtimeMs,
});

beforeAll(makeSentinel);
afterAll(async () => {
  await home.coracle("rm", "-a", "-f", "-t", "0", "-v");
  execFileSync("rm", ["-rf", sentinel]);
});

async function load(name: string, entries: TarEntry[], config: Record<string, unknown> = {}) {
  const replaced = new Set(entries.map(({ path }) => path.replace(/\/$/, "")));
  const base = busyboxEntries().filter(({ path }) => !replaced.has(path.replace(/\/$/, "")));
  const reference = `localhost/${name}:latest`;
  const layers = [[...base, ...entries]];
  const archive = imageArchive(`security-${name}`, {
    reference,
    layers,
    config: { ...busyboxConfig, ...config },
  });
  await home.ok("load", "-i", archive);
}

const link = (path: string, target: string): TarEntry => ({ path, type: "symlink", target });

describe("an image whose files are links to the host's", () => {
  test.each<[string, TarEntry[], string[]]>([
    [
      "the files that every container gets",
      [
        link("etc/hosts", `${sentinel}/hosts`),
        link("etc/resolv.conf", secret),
        link("etc/hostname", `../../../../../../..${sentinel}/hostname`),
        link("etc/localtime", secret),
        link("run", sentinel),
      ],
      ["--network", "slirp4netns", "--tz", "local", "--init", "--dns", "1.1.1.1"],
    ],
    ["/etc", [link("etc", sentinel)], ["-u", "12345"]],
    ["/etc/passwd and /etc/group", [link("etc/passwd", secret), link("etc/group", secret)], ["-u", "12345"]],
    ["/dev, /proc and /sys", [link("dev", sentinel), link("proc", sentinel), link("sys", sentinel)], []],
    ["a missing working directory", [link("work", sentinel)], ["-w", "/work/made/here"]],
    ["where a volume goes", [link("data", sentinel)], ["-v", "v:/data", "-v", "w:/data/made"]],
    ["where a tmpfs goes", [link("data", sentinel)], ["--tmpfs", "/data/made"]],
    [
      "what a volume is filled with",
      [link("data", sentinel)],
      ["-v", "filled:/data", "--entrypoint", "true"],
    ],
  ])("%s: the host stays as it is", async (what, entries, flags) => {
    const name = what.toLowerCase().replace(/\W+/g, "-").replace(/^-|-$/g, "");
    await load(name, entries);
    const before = stateOfSentinel();
    const { stdout } = await home.coracle(
      "run",
      "--rm",
      ...(flags.includes("--network") ? [] : none),
      ...flags,
      name,
      "cat",
      "/data/secret",
      secret,
    );
    expect(stdout).not.toContain("host's own");
    expect(stateOfSentinel()).toEqual(before);
  });

  test("a working directory that is made for the image: the host stays as it is", async () => {
    await load("made-workdir", [link("work", sentinel)], { WorkingDir: "/work/made/here", User: "33" });
    const before = stateOfSentinel();
    const made = await home.ok("run", "--rm", ...none, "made-workdir", "sh", "-c", "pwd; stat -c %u .");
    expect(made).toBe(`${sentinel}/made/here\n33`);
    expect(stateOfSentinel()).toEqual(before);
  });

  test("a volume is filled with the image's files only", async () => {
    await load("fill", [
      link("data", sentinel),
      { path: "real/", type: "directory" },
      link("real/link", secret),
    ]);
    await home.ok("run", "--rm", ...none, "-v", "links:/real", "-v", "outside:/data", "fill", "true");
    const shown = await home.ok(
      ...[
        "run",
        "--rm",
        ...none,
        "-v",
        "links:/l",
        "-v",
        "outside:/o",
        "bb",
        "sh",
        "-c",
        "ls -A /o; readlink /l/link",
      ],
    );
    expect(shown).toBe(secret);
  });
});

describe("an image config that is not what it should be", () => {
  test.each<[string, Record<string, unknown>]>([
    ["a command that is text", { Cmd: "sh" }],
    ["an entrypoint of numbers", { Entrypoint: [1] }],
    ["an environment that is an object", { Env: { A: "b" } }],
    ["a user that is a number", { User: 0 }],
    ["volumes that are a list", { Volumes: ["/a"] }],
    ["labels of numbers", { Labels: { a: 1 } }],
    ["ports that are text", { ExposedPorts: "80" }],
  ])("%s is refused in one line", async (what, config) => {
    const name = what.replace(/\W+/g, "-");
    const reference = `localhost/${name}:latest`;
    const archive = imageArchive(`security-${name}`, { reference, layers: [busyboxEntries()], config });
    const { exitCode, stderr } = await home.coracle("load", "-i", archive);
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/^Error: .*image config.*\n$/m);
    expect(stderr).not.toContain("internal error");
  });
});

describe("a running container", () => {
  test("has nothing of it run by top, exec and cp", async () => {
    const trojan = "#!/bin/sh\ntouch /marker\n";
    const programs = ["ps", "nsenter", "tar", "cat", "sh"].map(
      (name): TarEntry => ({ path: `bin/${name}`, data: trojan, mode: 0o755 }),
    );
    await load("trojan", programs);
    const id = await home.ok("run", "-d", ...none, "trojan", "sleep", "1000");
    await home.ok("top", id);
    await home.ok("exec", "-u", "guest", id, "true");
    await home.ok("cp", `${id}:/etc/passwd`, join(home.env.HOME as string, "copied"));
    expect(await home.ok("exec", id, "ls", "/")).not.toContain("marker");
    await home.ok("rm", "-f", "-t", "0", id);
  });

  test.each([
    ["a FIFO", "mkfifo /etc/passwd"],
    ["endless", "ln -s /dev/zero /etc/passwd"],
    ["a huge file", "truncate -s 8G /etc/passwd"],
    ["a file of the host", `ln -s ${secret} /etc/passwd`],
    ["a directory", "mkdir /etc/passwd"],
  ])("whose /etc/passwd is %s holds nobody up", async (_what, command) => {
    const id = await home.ok(
      "run",
      "-d",
      ...none,
      "bb",
      "sh",
      "-c",
      `rm /etc/passwd; ${command}; sleep 1000`,
    );
    await home.ok(
      "exec",
      id,
      "sh",
      "-c",
      "while test -f /etc/passwd -a ! -s /etc/passwd; do :; done; sleep 0.1",
    );
    // Each of these is given up after a while.
    const { exitCode, stdout, stderr } = await home.coracle("exec", "-u", "nosuch", id, "true");
    expect(exitCode).toBe(255);
    expect(stdout + stderr).not.toContain("host's own");
    expect(await home.coracle("top", id)).toMatchObject({ exitCode: 0 });
    await home.ok("stop", "-t", "0", id);
    await home.coracle("start", id);
    await home.ok("rm", "-f", "-t", "0", id);
  });

  test("can't lead a copy to the host while it swaps directories for links", async () => {
    const before = stateOfSentinel();
    const swap = `mkdir -p /d /tmp/d; while :; do mv /d /x; ln -s ${sentinel} /d; rm /d; mv /x /d; done`;
    const id = await home.ok("run", "-d", ...none, "bb", "sh", "-c", swap);
    const file = join(home.env.HOME as string, "planted");
    writeFileSync(file, "planted");
    for (let round = 0; round < 15; round++) {
      await home.coracle("cp", file, `${id}:/d/planted`);
      const { stdout } = await home.coracle("cp", `${id}:/d/secret`, "-");
      expect(stdout).not.toContain("host's own");
    }
    expect(stateOfSentinel()).toEqual(before);
    await home.ok("rm", "-f", "-t", "0", id);
  });

  test("can't send control sequences to the terminal by the names of its processes", async () => {
    const id = await home.ok(
      "run",
      "-d",
      ...none,
      "bb",
      "sh",
      "-c",
      "sleep 1000; true",
      "a\u001b[31mb\nc\u00e9",
    );
    const shown = await home.ok("top", id, "args", "user");
    expect(shown).toContain("a?[31mb?c\u00e9");
    expect(shown.split("\n")).toHaveLength(3);
    await home.ok("rm", "-f", "-t", "0", id);
  });

  test("nor by what its image is called and made of, its labels or its command", async () => {
    const hostile = "\u001b]0;title\u0007\u001b[2J\u009b31m";
    await load("steering", [], {
      Cmd: ["sh", "-c", `: ${hostile}; touch "/$(printf '\\033[1mx')"`],
      Labels: { steering: hostile, [hostile]: "" },
      WorkingDir: "work",
    });
    await home.ok("run", "--name", "steering", ...none, "steering");
    for (const command of [
      ["ps", "-a", "--no-trunc"],
      ["ps", "-a", "--format", "{{.Labels}}\t{{.Command}}"],
      ["inspect", "--format", "{{.Config.Labels}} {{.Config.Cmd}}", "steering"],
      ["container", "diff", "steering"],
    ]) {
      const line = [home.program, ...command].map((word) => `'${word}'`).join(" ");
      const { stdout } = await home.exec(["script", "-qec", line, "/dev/null"]);
      expect(stdout, command[0]).not.toMatch(/[\u001b\u0007\u009b]/);
      expect(stdout, command[0]).toContain("?");
    }
    expect(await home.ok("inspect", "--format", "{{.Config.Labels.steering}}", "steering")).toBe(hostile);
    expect(await home.ok("inspect", "--format", "{{.Config.WorkingDir}}", "steering")).toBe("/work");
    await home.ok("rm", "steering");
  });

  test("gets nothing of the caller's environment", async () => {
    const env = { ...home.env, HOST_SECRET: "s3cret", LD_PRELOAD_NOT: "x" };
    const id = (await home.run(["run", "-d", ...none, "bb", "sleep", "1000"], { env })).stdout.trim();
    expect(await home.ok("exec", id, "cat", "/proc/1/environ")).not.toContain("s3cret");
    expect((await home.run(["exec", id, "env"], { env })).stdout).not.toContain("s3cret");
    await home.ok("rm", "-f", "-t", "0", id);
  });
});

test("what looks into containers is one static program: nothing of theirs can be loaded into it (CVE-2019-14271)", (context) => {
  const program = readFileSync(home.program);
  context.skip(program.includes("__asan_init"), "the sanitizers are libraries");
  const start = Number(program.readBigUInt64LE(32));
  const types = Array.from({ length: program.readUInt16LE(56) }, (_, i) =>
    program.readUInt32LE(start + i * program.readUInt16LE(54)),
  );
  expect(types).toContain(1); // PT_LOAD
  expect(types).not.toContain(3); // PT_INTERP
});

test("a volume's links are exported as links, and not written through by an import (CVE-2023-0778)", async () => {
  const script = `ln -s ${secret} /v/out; ln -s ${sentinel} /v/dir; echo own >/v/file`;
  await home.ok("run", "--rm", ...none, "-v", "planted:/v", "bb", "sh", "-c", script);
  const before = stateOfSentinel();
  const archive = join(home.env.HOME as string, "planted.tar");
  await home.ok("volume", "export", "-o", archive, "planted");
  const listed = execFileSync("tar", ["-tvf", archive], { encoding: "utf8" });
  expect(listed).toMatch(new RegExp(`out -> ${secret}`));
  expect(readFileSync(archive).includes("host's own")).toBe(false);
  // Over the links, and through them.
  const content = join(home.env.HOME as string, "content");
  mkdirSync(join(content, "dir"), { recursive: true });
  writeFileSync(join(content, "dir/written"), "x");
  writeFileSync(join(content, "out"), "overwritten");
  execFileSync("tar", ["-cf", archive, "-C", content, "."]);
  await home.coracle("volume", "import", "planted", archive);
  expect(stateOfSentinel()).toEqual(before);
});

test("a container mounts no cgroup hierarchy of version 1, nor in a user namespace of its own (CVE-2022-0492)", async () => {
  const mount = "mkdir -p /c; mount -t cgroup -o rdma cgroup /c";
  const tries = `unshare -Urm sh -c '${mount}'; echo $?; ${mount}; echo $?`;
  const { stdout, stderr } = await home.coracle("run", "--rm", ...none, "bb", "sh", "-c", tries);
  expect(stdout).toMatch(/^[1-9]\d*\n[1-9]\d*\n$/);
  expect(stderr.match(/mount: .*cgroup.*|mount: permission denied.*/g)?.length).toBeGreaterThanOrEqual(2);
});

test("who comes in by a published port is not taken for a process of the container (CVE-2021-20199)", async () => {
  const page = `printf '%s\n' '#!/bin/sh' 'printf "Content-Type: text/plain\r\n\r\n"' 'echo peer $REMOTE_ADDR'`;
  const script = `mkdir -p /www/cgi-bin; cd /www; ${page} >cgi-bin/peer; chmod 755 cgi-bin/peer; exec httpd -f`;
  const id = await home.ok(
    "run",
    "-d",
    "--network",
    "slirp4netns",
    "-p",
    "127.0.0.1::80",
    "bb",
    "sh",
    "-c",
    script,
  );
  const address = (await home.ok("port", id, "80/tcp")).trim();
  const peer = await vi.waitFor(
    async () => (await (await fetch(`http://${address}/cgi-bin/peer`)).text()).trim(),
    { timeout: 10_000 },
  );
  expect(peer).toMatch(/^peer /);
  expect(peer).not.toMatch(/127\.|::1|localhost/);
  await home.ok("rm", "-f", "-t", "0", id);
});

test.each([
  ["run", "--name", "../x", "bb", "true"],
  ["run", "-v", "a/../../b:/y", "bb", "true"],
  ["volume", "create", "../x"],
  ["volume", "rm", "../../blobs"],
  ["rm", "../../../etc"],
  ["inspect", "../staging"],
  ["rmi", "sha256:../../x"],
  ["rename", "x", "a/b"],
])("names don't become paths: %j", async (...args) => {
  const { exitCode, stderr } = await home.coracle(...args);
  expect(exitCode).toBeGreaterThan(0);
  expect(stderr).toMatch(/^Error: /m);
  expect(stderr).not.toContain("internal error");
  expect(existsSync(join(home.store, "blobs"))).toBe(true);
});
