/** Strange surroundings: what is missing, full, long or forbidden, and what is said of it. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Home, useHome } from "../support/home.ts";
import { busyboxArchive, imageArchive } from "../support/images.ts";
import { hasCgroup, hasDevice, hasProgram, ordinaryUser, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const echo = ["run", "--rm", "--network", "none", "bb", "echo", "ok"];
const fine = { exitCode: 0, stdout: "ok\n", stderr: "" };

/** A PATH with everything of the usual one but some programs. */
function pathWithout(...names: string[]): string {
  const directory = join(home.directory, `without-${names.join("-")}`);
  mkdirSync(directory);
  for (const part of ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
    for (const name of readdirSync(part)) {
      if (!names.includes(name) && !existsSync(join(directory, name)))
        symlinkSync(join(part, name), join(directory, name));
    }
  }
  return directory;
}

test("help and errors name the program as it was called", async () => {
  const link = join(home.directory, "docker");
  symlinkSync(home.program, link);
  const called = (...args: string[]) => home.exec([link, ...args], { env: home.env });
  expect((await called("run", "--help")).stdout).toContain("Usage:\n  docker run [options] IMAGE");
  expect((await called("ps", "--nope")).stderr).toBe("Error: unknown flag: --nope\nSee 'docker ps --help'\n");
  expect((await called("rm", "nope")).stderr).toContain("`docker ps -a`");
});

describe("works", () => {
  test("with HOME and PATH alone", async () => {
    const { HOME, PATH } = home.env as { HOME: string; PATH: string };
    const result = await home.exec(["env", "-i", `HOME=${HOME}`, `PATH=${PATH}`, home.program, ...echo]);
    expect(result).toMatchObject(fine);
  });

  test("without HOME, in the home directory that /etc/passwd tells", async () => {
    const user = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .find((fields) => fields[2] === `${process.getuid?.()}`);
    const graphRoot = `${user?.[5]}/.local/share/coracle\n`;
    for (const variables of [[], ["HOME="]])
      expect(
        await home.exec([
          "env",
          "-i",
          ...variables,
          `CORACLE_RUN=${home.runtimeDirectory}/coracle`,
          home.program,
          "info",
          "-f",
          "{{.Store.GraphRoot}}",
        ]),
      ).toMatchObject({ stdout: graphRoot });
  });

  test("with a HOME and run directory whose paths are longer than a socket's may be", async () => {
    const long = join(home.directory, "tmp", "x".repeat(100), "y".repeat(100));
    const env = { HOME: join(long, "home"), XDG_RUNTIME_DIR: join(long, "run") };
    for (const directory of Object.values(env)) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const coracle = (args: string[], input?: string) =>
      home.run(args, { env, ...(input !== undefined && { input }) });
    expect(await coracle(["load", "-q", "-i", busyboxArchive()])).toMatchObject({ exitCode: 0 });
    expect(await coracle(echo)).toMatchObject(fine);
    await coracle(["run", "-d", "--name", "far", "--network", "none", "bb", "sleep", "1000"]);
    expect(await coracle(["exec", "-i", "far", "cat"], "through")).toMatchObject({ stdout: "through" });
    expect(await coracle(["cp", "far:/etc/passwd", "-"])).toMatchObject({ exitCode: 0 });
    expect(await coracle(["pause", "far"])).toMatchObject({ exitCode: 0 });
    expect(await coracle(["unpause", "far"])).toMatchObject({ exitCode: 0 });
    expect(await coracle(["stop", "-t", "0", "far"])).toMatchObject({ exitCode: 0, stdout: "far\n" });
    expect(await coracle(["rm", "far"])).toMatchObject({ exitCode: 0 });
    expect(await coracle(["system", "reset", "--force"])).toMatchObject({ exitCode: 0 });
  });

  test("with --root and --runroot elsewhere", async () => {
    const flags = [
      "--root",
      join(home.directory, "tmp/root"),
      "--runroot",
      join(home.directory, "tmp/runroot"),
    ];
    expect(await home.coracle(...flags, "load", "-q", "-i", busyboxArchive())).toMatchObject({
      exitCode: 0,
    });
    expect(await home.coracle(...flags, ...echo)).toMatchObject(fine);
    expect(
      await home.coracle(
        ...flags,
        "run",
        "-d",
        "--name",
        "apart",
        "--network",
        "none",
        "bb",
        "sleep",
        "1000",
      ),
    ).toMatchObject({ exitCode: 0 });
    expect(await home.ok("ps", "-aq")).toBe("");
    expect(await home.ok(...flags, "ps", "--format", "{{.Names}}")).toBe("apart");
    await home.ok(...flags, "system", "reset", "--force");
  });

  test("from a directory that can't be written or listed", async () => {
    const cwd = join(home.directory, "tmp/locked");
    mkdirSync(cwd);
    chmodSync(cwd, 0o100);
    expect(await home.run(echo, { cwd })).toMatchObject(fine);
    chmodSync(cwd, 0o700);
  });

  test("with a umask of 077 and of 777", async () => {
    for (const umask of ["077", "777"]) {
      const result = await home.exec([
        "sh",
        "-c",
        `umask ${umask}; exec "$0" "$@"`,
        home.program,
        "run",
        "--rm",
        "-u",
        "guest",
        "--network",
        "none",
        "-v",
        `v${umask}:/v`,
        "bb",
        "sh",
        "-c",
        "umask; ls / >/dev/null && cat /etc/hosts >/dev/null && touch /v/x && echo ok",
      ]);
      expect(result).toMatchObject({ exitCode: 0, stdout: "0022\nok\n", stderr: "" });
      await home.ok("volume", "rm", `v${umask}`);
    }
  });

  test("with signals ignored and descriptors open in the caller", async () => {
    const script = `trap '' INT TERM HUP PIPE CHLD; exec 7</etc/passwd; exec "$0" run --rm --network none bb sh -c 'grep SigIgn /proc/self/status; ls /proc/self/fd'`;
    const { stdout } = await home.exec(["sh", "-c", script, home.program]);
    expect(stdout).toMatch(/^SigIgn:\t0{16}\n0\n1\n2\n3\n$/);
  });
});

describe("is missing", () => {
  test("newuidmap: a single id, and what needs more says how to get it", async (context) => {
    skipUnless(context, ordinaryUser(), hasCgroup());
    const env = { PATH: pathWithout("newuidmap", "newgidmap") };
    const other = new Home();
    try {
      const run = (...args: string[]) => other.run(args, { env });
      await run("load", "-q", "-i", busyboxArchive());
      const result = await run("run", "--rm", "--network", "none", "-u", "guest", "bb", "true");
      expect(result.exitCode).toBe(126);
      expect(result.stderr).toMatch(/^Error: cannot run as 1000:1000: only one id is mapped.*newuidmap.*\n$/);
      expect(await run(...echo)).toMatchObject({ exitCode: 0, stdout: "ok\n" });
      await other.expectNothingLeft();
    } finally {
      await other.remove();
    }
  });

  test("a failing newuidmap is quoted", async (context) => {
    skipUnless(context, ordinaryUser(), hasCgroup());
    const directory = join(home.directory, "fake");
    mkdirSync(directory);
    for (const name of ["newuidmap", "newgidmap"])
      writeFileSync(join(directory, name), '#!/bin/sh\necho "uid range not allowed" >&2; exit 1\n', {
        mode: 0o755,
      });
    const result = await home.run(echo, { env: { PATH: `${directory}:${home.env.PATH}` } });
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*uid range not allowed.*\/etc\/subuid.*\n$/);
  });

  /** Runs `coracle ARGS` in a namespace in which these files are something else. */
  function covering(files: string[], ...args: string[]) {
    const script = `${files.map((file) => `mount --bind /dev/null ${file}`).join(" && ")} && exec "$0" "$@"`;
    return home.exec([
      "unshare",
      "--map-root-user",
      "--map-auto",
      "--mount",
      "sh",
      "-c",
      script,
      home.program,
      ...args,
    ]);
  }

  test("slirp4netns: named with its package", async (context) => {
    skipUnless(context, ordinaryUser(), hasProgram("slirp4netns"));
    const result = await covering(["/usr/bin/slirp4netns"], "run", "--rm", "bb", "true");
    expect(result).toMatchObject({ exitCode: 126, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*slirp4netns.*apt install slirp4netns.*\n$/);
    expect(await covering(["/usr/bin/slirp4netns"], ...echo)).toMatchObject(fine);
  });

  test("a usable /dev/net/tun: named", async (context) => {
    skipUnless(context, ordinaryUser(), hasProgram("slirp4netns"), hasDevice("/dev/net/tun"));
    const result = await covering(["/dev/net/tun"], "run", "--rm", "bb", "true");
    expect(result).toMatchObject({ exitCode: 126, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*\/dev\/net\/tun.*\n$/);
    expect(await home.ok("ps", "-aq")).toBe("");
  });

  test("fuse-overlayfs for keep-id: named with its package", async (context) => {
    skipUnless(context, ordinaryUser(), hasProgram("fuse-overlayfs"));
    const args = ["run", "--rm", "--network", "none", "--userns", "keep-id", "bb", "true"];
    const result = await covering(["/usr/bin/fuse-overlayfs"], ...args);
    expect(result).toMatchObject({ exitCode: 126, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*fuse-overlayfs.*apt install fuse-overlayfs.*\n$/);
    expect(await home.ok("ps", "-aq")).toBe("");
  });
});

test("a store in a place that is no directory is named", async () => {
  const file = join(home.directory, "tmp/file");
  writeFileSync(file, "");
  for (const args of [["create", "--pull", "never", "bb"], ["ps"], ["load", "-i", busyboxArchive()]]) {
    const result = await home.coracle("--root", file, ...args);
    if (args[0] === "ps" && result.exitCode === 0) continue;
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*tmp\/file.*\n$/);
    expect(result.stderr).not.toContain("internal error");
  }
});

test("a container started with another run directory is seen and removed, not entered", async () => {
  const XDG_RUNTIME_DIR = join(home.directory, "tmp/other-run");
  mkdirSync(XDG_RUNTIME_DIR, { mode: 0o700 });
  const elsewhere = (...args: string[]) => home.run(args, { env: { XDG_RUNTIME_DIR } });
  await home.ok("run", "-d", "--name", "apart", "--network", "none", "bb", "sleep", "1000");
  expect(await elsewhere("ps", "--format", "{{.Names}}")).toMatchObject({ stdout: "apart\n" });
  for (const args of [
    ["exec", "apart", "true"],
    ["cp", "apart:/etc/passwd", "-"],
  ]) {
    const { exitCode, stderr } = await elsewhere(...args);
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/^Error: .*another run directory.*XDG_RUNTIME_DIR.*\n$/);
  }
  expect(await elsewhere("rm", "-f", "-t", "0", "apart")).toMatchObject({ exitCode: 0, stdout: "apart\n" });
  expect(await home.ok("ps", "-aq")).toBe("");
});

test("things can be removed from a disk that has neither room nor inodes", async (context) => {
  skipUnless(context, ordinaryUser(), hasCgroup());
  const directory = join(home.directory, "tmp/filled");
  mkdirSync(directory);
  const script = `
    mount -t tmpfs -o size=12m,nr_inodes=2000 tmpfs "$1"
    mkdir -m 700 "$1/run"
    mount -t tmpfs tmpfs "$1/run"
    export XDG_RUNTIME_DIR="$1/run"
    coracle() { "$program" --root "$directory/root" "$@"; }
    program=$0 directory=$1
    for lacks in room inodes; do
      coracle load -q -i "$2"
      coracle create --name one --network none -v v:/v bb >/dev/null
      coracle tag bb two
      mkdir "$1/fill"; i=0
      if [ $lacks = room ]; then head -c 50000000 /dev/zero >"$1/fill/bytes"
      else while echo >"$1/fill/$i"; do i=$((i + 1)); done; fi
      coracle create bb; echo "create $?"
      coracle untag bb two; coracle rm one; coracle volume rm v; coracle image prune -af >/dev/null; echo "rmi $?"
      coracle images -aq | wc -l; ls "$1/root/staging" | wc -l; ls "$1/root/reserve" | wc -l
      rm -r "$1/fill"
    done`;
  const namespace = ["unshare", "--map-root-user", "--map-auto", "--mount"];
  const program = ["sh", "-c", script, home.program, directory, busyboxArchive()];
  const { stdout } = await home.exec([...namespace, ...program]);
  expect(stdout.replace(/Loaded.*\n/g, "")).toBe("create 125\none\nv\nrmi 0\n0\n0\n64\n".repeat(2));
});

test("a full disk is told, and nothing half-made is left", async (context) => {
  skipUnless(context, ordinaryUser(), hasCgroup());
  const big = imageArchive("e2e-big", {
    reference: "localhost/big:latest",
    layers: [[{ path: "big", data: Buffer.alloc(20_000_000, "x") }]],
    config: { Cmd: ["x"] },
    gzip: true,
  });
  // A namespace of ours in which a small tmpfs is the store; the commands use it as the one that was there.
  const directory = join(home.directory, "tmp/full");
  mkdirSync(directory);
  const script = `
    mount -t tmpfs -o size=12m tmpfs "$1"
    mkdir -m 700 "$1/run"
    export XDG_RUNTIME_DIR="$1/run"
    coracle() { "$program" --root "$directory/root" "$@"; }
    program=$0 directory=$1
    coracle load -q -i "$2"
    coracle load -q -i "$3"; echo "load $?"
    coracle run --rm --network none bb sh -c 'head -c 50000000 /dev/zero >/fill; echo "write $?"'
    ls "$1/root/staging" | wc -l; coracle ps -aq | wc -l; coracle images -q | wc -l
    coracle create --name one bb >/dev/null
    head -c 50000000 /dev/zero >"$1/fill"
    coracle create bb; echo "create $?"
    coracle rename one two; echo "rename $?"; ls "$1/root/names"
    rm "$1/fill"
    coracle create bb >/dev/null; echo "create $?"; coracle ps -aq | wc -l`;
  const namespace = ["unshare", "--map-root-user", "--map-auto", "--mount"];
  const result = await home.exec([
    ...namespace,
    "sh",
    "-c",
    script,
    home.program,
    directory,
    busyboxArchive(),
    big,
  ]);
  expect(result.stdout.replace(/Loaded.*\n/g, "")).toBe(
    "load 125\nwrite 1\n0\n0\n1\ncreate 125\nrename 125\none\ncreate 0\n2\n",
  );
  const errors = result.stderr.split("\n").filter((line) => line.startsWith("Error"));
  expect(errors).toHaveLength(3);
  for (const error of errors) expect(error).toMatch(/no space left on device|disk.*full/i);
  expect(result.stderr).not.toContain("internal error");
});
