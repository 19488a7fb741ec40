/** archive and extract (cp), clone, copy (vfs), remove and usage. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { skipUnless } from "../../support/requirements.ts";
import {
  describeTree,
  inside,
  layer,
  layerError,
  layerOk,
  layerProgram,
  mappedNamespace,
  scratch,
  shell,
} from "./layer.ts";
import { directory, entry, file, tar } from "./tar.ts";

let work: string;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  work = scratch();
});

/** Everything a file system can hold. */
const EVERYTHING = `
  mkdir -p "$1/sub/deep" && cd "$1"
  echo one >file && chmod 6755 file && chown 3:4 file && chmod u+s,g+s file && setfattr -n user.a -v b file
  ln file sub/hard && ln -s ../file sub/link && ln -s / root && mkfifo -m 600 pipe && chown -h 5:6 sub/link
  truncate -s 1M sparse && echo end >>sparse && : >"$(printf 'odd\\377')"
  chmod 2770 sub && chown 7:8 sub && touch -d '2001-01-01 00:00:00.123456789' file sub/deep sub . && touch -h -d 1980-01-01 root`;

describe("archive", () => {
  async function archive(path: string, ...options: string[]): Promise<string[]> {
    const argv = ["archive", "--root", join(work, "root"), "--path", path, ...options];
    const { exitCode, stdoutBytes, stderr } = await layer(argv);
    if (exitCode !== 0) throw new Error(stderr);
    const { stdout } = await inside(["tar", "tvf", "-", "--full-time", "--numeric-owner"], {
      input: stdoutBytes,
    });
    return stdout
      .trim()
      .split("\n")
      .map((line) => line.replace(/ +/g, " "));
  }

  beforeEach(() =>
    shell(
      "mkdir -p root/d/e root/etc && echo hi >root/d/f && chmod 640 root/d/f && chown 1:2 root/d/f",
      work,
    ),
  );

  test("a file", async () => {
    expect(await archive("/d/f")).toEqual([expect.stringMatching(/^-rw-r----- 1\/2 3 .* f$/)]);
  });

  test("a directory, under its own or another name", async () => {
    const names = async (path: string, ...options: string[]) =>
      (await archive(path, ...options)).map((line) => line.split(" ").at(-1));
    expect(await names("d")).toEqual(["d/", "d/e/", "d/f"]);
    expect(await names("/d/")).toEqual(["d/", "d/e/", "d/f"]);
    expect(await names("d/e/..")).toEqual(["d/", "d/e/", "d/f"]);
    expect(await names("d", "--name", "new")).toEqual(["new/", "new/e/", "new/f"]);
    expect(await names("/d/.")).toEqual(["./", "./e/", "./f"]);
    expect(await names("/")).toEqual(["./", "./d/", "./d/e/", "./d/f", "./etc/"]);
  });

  test("a link is a link, or with --follow what it leads to inside the root", async () => {
    await shell("ln -s /d/f root/l && ln -s /etc root/d/up && ln -s ../../../d root/x", work);
    expect(await archive("l")).toEqual([expect.stringMatching(/^l.* l -> \/d\/f$/)]);
    expect(await archive("l", "--follow")).toEqual([expect.stringMatching(/^-.* l$/)]);
    expect((await archive("x", "--follow")).length).toBe(4);
    expect(await archive("x/f")).toEqual([expect.stringMatching(/ f$/)]);
  });

  test("links that lead out find nothing out there", async () => {
    await shell(
      'mkdir outside && echo secret >outside/s && ln -s "$PWD/outside/s" root/abs && ln -s ../outside root/rel',
      work,
    );
    const root = join(work, "root");
    for (const path of ["abs", "rel/s", "../outside/s", "rel", join(work, "outside/s")]) {
      const error = await layerError(["archive", "--root", root, "--path", path, "--follow"]);
      expect(error).toMatchObject({ code: "not-found" });
    }
  });

  test("sockets are passed over", async () => {
    await shell(`python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("root/d/s")'`, work);
    expect((await archive("d")).length).toBe(3);
    expect(await layerError(["archive", "--root", join(work, "root"), "--path", "d/s"])).toMatchObject({
      code: "io-error",
    });
  });
});

describe("extract", () => {
  const extract = (path: string, ...options: string[]) => [
    "extract",
    "--root",
    join(work, "root"),
    "--path",
    path,
    ...options,
  ];
  const input = tar(directory("d", { uid: 1, gid: 2 }), file("d/f", "new", { uid: 3, mode: 0o4755 }));

  beforeEach(() => shell("mkdir -p root/to && touch -d 2001-01-01 root/to", work));

  test("keeps owners, or gives all to one", async () => {
    await layerOk(extract("/to"), { input });
    expect((await describeTree(join(work, "root")))["to/d/f"]).toMatchObject({
      uid: 3,
      mode: 0o4755,
      content: "new",
    });
    await layerOk(extract("/to", "--uid", "9", "--gid", "10"), { input });
    const tree = await describeTree(join(work, "root"));
    expect(tree["to/d"]).toMatchObject({ uid: 9, gid: 10 });
    expect(tree["to/d/f"]).toMatchObject({ uid: 9, gid: 10, mode: 0o4755 });
  });

  test("leaves the destination directory's own metadata alone", async () => {
    await shell("chmod 711 root/to && chown 5:5 root/to", work);
    await layerOk(extract("to"), { input: tar(directory("./", { mode: 0o777 }), file("./f")) });
    expect((await describeTree(join(work, "root"))).to).toMatchObject({ mode: 0o711, uid: 5 });
  });

  test("follows a destination that is a link, inside the root", async () => {
    await shell("ln -s /to root/l && ln -s ../../to root/m", work);
    for (const path of ["l", "m", "/l/../m/."]) await layerOk(extract(path), { input });
    expect(await shell("cat root/to/d/f", work)).toBe("new");
  });

  test("a destination that is missing, or no directory", async () => {
    await shell(": >root/f; mkdir outside; ln -s ../outside root/out", work);
    expect(await layerError(extract("missing"), { input })).toMatchObject({ code: "not-found" });
    expect(await layerError(extract("out"), { input })).toMatchObject({ code: "not-found" });
    expect(await layerError(extract("f"), { input })).toMatchObject({ code: "not-a-directory" });
  });

  test("--no-overwrite-dir keeps directories and what isn't one", async () => {
    await shell("mkdir root/to/d && echo old >root/to/f", work);
    const flag = "--no-overwrite-dir";
    const overDirectory = { input: tar(file("d", "x")) };
    const overFile = { input: tar(directory("f")) };
    for (const options of [overDirectory, overFile])
      expect(await layerError(extract("to", flag), options)).toMatchObject({ code: "not-a-directory" });
    await layerOk(extract("to", flag), { input });
    await layerOk(extract("to"), overDirectory);
    await layerOk(extract("to"), overFile);
    const tree = await describeTree(join(work, "root"));
    expect([tree["to/d"]?.type, tree["to/f"]?.type]).toEqual(["file", "directory"]);
  });

  test("a mounted file is written over in place", async () => {
    const script = `cd "$0" && echo old >source && : >root/to/hosts && mount --bind source root/to/hosts && "$@" && cat source`;
    const argv = ["unshare", "--mount", "sh", "-c", script, work, layerProgram, ...extract("to")];
    const { stdout, stderr } = await inside(argv, { input: tar(file("hosts", "new\n", { uid: 4 })) });
    expect([stdout, stderr]).toEqual(['{"entries":1}\nnew\n', ""]);
  });

  test("a pipe or a device that a container has mounted there holds nobody up", async () => {
    for (const make of ["mkfifo source", ": >source; mount --bind /dev/full source"]) {
      const script = `cd "$0" && rm -rf source && ${make} && : >root/to/hosts && mount --bind source root/to/hosts && exec "$@"`;
      const argv = ["unshare", "--mount", "sh", "-c", script, work, layerProgram, ...extract("to")];
      const { exitCode, stderr } = await inside(argv, { input: tar(file("hosts", "new\n")), timeout: 5000 });
      expect([exitCode, JSON.parse(stderr)]).toEqual([
        1,
        { code: "io-error", message: "to/hosts is a mount point, and what is mounted there is not a file" },
      ]);
      await inside(["rm", join(work, "root/to/hosts")]);
    }
  });

  test("whiteout names and overlay devices mean nothing here", async () => {
    await layerOk(extract("to"), {
      input: tar(file(".wh.x", "1"), file(".wh..wh..opq"), entry("n", { type: "3" })),
    });
    const tree = await describeTree(join(work, "root"));
    expect(tree["to/.wh.x"]).toMatchObject({ content: "1" });
    expect(tree.to).not.toHaveProperty("xattrs");
  });

  test("takes what archive gives, with all of it", async () => {
    await shell(EVERYTHING, work, "root/from");
    const { stdoutBytes } = await layer(["archive", "--root", join(work, "root"), "--path", "from"]);
    await layerOk(extract("to"), { input: stdoutBytes });
    expect(await describeTree(join(work, "root/to/from"))).toEqual(
      await describeTree(join(work, "root/from")),
    );
  });
});

describe("clone", () => {
  test("copies everything, the directory's own metadata too", async () => {
    await shell(EVERYTHING, work, "from");
    mkdirSync(join(work, "to"));
    await layerOk(["clone", "--from", join(work, "from"), "--to", join(work, "to")]);
    expect(await describeTree(join(work, "to"))).toEqual(await describeTree(join(work, "from")));
    expect(Number(await shell("stat -c %b to/sparse", work))).toBeLessThan(100);
  });

  test("resolves --from-path inside the source", async () => {
    await shell(
      "mkdir -p from/a to outside && : >from/a/f && : >outside/x && ln -s ../outside from/l && ln -s /a from/m",
      work,
    );
    const clone = (path: string) => [
      "clone",
      "--from",
      join(work, "from"),
      "--from-path",
      path,
      "--to",
      join(work, "to"),
    ];
    expect(await layerError(clone("l"))).toMatchObject({ code: "not-found" });
    await layerOk(clone("/m"));
    expect(Object.keys(await describeTree(join(work, "to")))).toEqual([".", "f"]);
  });
});

describe("copy", () => {
  test("merges layers as overlay shows them", async () => {
    await shell(
      `mkdir -p low/d low/o low/gone low/file-then-dir low/n mid/d mid/o top/n out
       echo low >low/d/a; echo low >low/d/b; echo low >low/o/x; : >low/gone/x; echo low >low/f; ln low/f low/g
       echo mid >mid/d/a; echo mid >mid/o/y; mknod mid/gone c 0 0; setfattr -n user.overlay.opaque -v y mid/o
       echo top >top/f; mknod top/d c 0 0; mkdir mid/new; : >mid/new/z; echo file >top/file-then-dir; chown 5:5 top/n
       touch -d 2001-01-01 low/n mid/o top`,
      work,
    );
    const layers = ["top", "mid", "low"].map((name) => join(work, name));
    await layerOk(["copy", "--from", ...layers, "--to", join(work, "out")]);
    const tree = await describeTree(join(work, "out"));
    expect(Object.keys(tree).sort()).toEqual([
      ".",
      "f",
      "file-then-dir",
      "g",
      "n",
      "new",
      "new/z",
      "o",
      "o/y",
    ]);
    expect(tree.f).toMatchObject({ content: "top\n" });
    expect(tree.g).toMatchObject({ content: "low\n" });
    expect(tree.n).toMatchObject({ uid: 5 });
    expect(tree.o).not.toHaveProperty("xattrs");
    expect(tree.o).toMatchObject({ mtime: "978307200000000000" });
  });
});

describe("remove", () => {
  test("removes trees with unreadable directories, and follows nothing", async () => {
    await shell(
      "mkdir -p t/a/b outside && : >t/a/b/c && : >outside/f && ln -s ../outside t/l && chmod 0 t/a/b t/a",
      work,
    );
    await layerOk(["remove", join(work, "t/"), join(work, "missing")]);
    expect((await shell("find .", work)).trim().split("\n").sort()).toEqual([
      ".",
      "./outside",
      "./outside/f",
    ]);
  });

  test("so many directories that they are closed by others", async () => {
    await shell(
      "mkdir -p t/a t/b && (cd t/a && seq 500 | xargs mkdir) && (cd t/b && seq 500 | xargs mkdir)",
      work,
    );
    await layerOk(["remove", join(work, "t")]);
    expect((await shell("find .", work)).trim()).toBe(".");
  });

  test("as an owner without privileges, too", async () => {
    mkdirSync(join(work, "t/a"), { recursive: true });
    const script = 'touch "$0"/t/a/f && chmod 0 "$0"/t/a && chmod 500 "$0"/t && "$@"';
    const { run } = await import("../../support/process.ts");
    const { stderr, stdout } = await run(["sh", "-c", script, work, layerProgram, "remove", join(work, "t")]);
    expect([stdout, stderr]).toEqual(["{}\n", ""]);
  });

  test("a link is removed, not what it leads to", async () => {
    await shell("mkdir outside && : >outside/f && ln -s outside l", work);
    await layerOk(["remove", join(work, "l/")]);
    expect(await shell("ls -R", work)).toContain("f");
  });

  test("deeper trees than descriptors or paths allow", async () => {
    await shell(
      `python3 -c 'import os
for i in range(6000): os.mkdir("dddddddd"); os.chdir("dddddddd")'`,
      work,
    );
    await layerOk(["remove", join(work, "dddddddd")]);
    expect(await shell("ls", work)).toBe("");
  });

  test("what is mounted in it is left alone and named", async () => {
    const script = `cd "$0" && mkdir -p t/m outside && : >outside/f && mount --bind outside t/m && "$@" t; ls outside`;
    const { stdout, stderr } = await inside([
      "unshare",
      "--mount",
      "sh",
      "-c",
      script,
      work,
      layerProgram,
      "remove",
    ]);
    expect(stdout).toBe("f\n");
    expect(JSON.parse(stderr)).toMatchObject({ code: "io-error", message: expect.stringContaining("t/m") });
  });

  test("refuses `.`, `..` and the root", async () => {
    for (const path of [".", "..", "/", "a/.."])
      expect(await layerError(["remove", path])).toMatchObject({ code: "usage" });
  });
});

test("usage counts bytes and inodes, hard links once", async () => {
  await shell("mkdir -p a/d b && echo 12345 >a/f && ln a/f a/d/g && ln a/f b/h && ln -s 1234 b/l", work);
  expect(await layerOk(["usage", join(work, "a"), join(work, "b")])).toEqual({ bytes: 10, inodes: 5 });
  expect(await layerError(["usage", join(work, "c")])).toMatchObject({ code: "not-found" });
});

describe("chown", () => {
  const chown = (...options: string[]) => ["chown", "--dir", join(work, "tree"), ...options];

  test("gives a tree away, links themselves and not what they point to", async () => {
    await shell(
      "mkdir -p tree/sub outside && touch tree/sub/file outside/file && ln -s ../outside tree/link && chmod 4755 tree/sub/file",
      work,
    );
    await layerOk(chown("--uid", "33", "--gid", "44"));
    const owners = (tree: Awaited<ReturnType<typeof describeTree>>) =>
      Object.entries(tree).map(([name, { uid, gid }]) => `${name} ${uid}:${gid}`);
    expect(owners(await describeTree(join(work, "tree"))).sort()).toEqual([
      ". 33:44",
      "link 33:44",
      "sub 33:44",
      "sub/file 33:44",
    ]);
    expect(owners(await describeTree(join(work, "outside"))).sort()).toEqual([". 0:0", "file 0:0"]);
  });

  test("leaves set-id bits of what belongs to the user already", async () => {
    await shell("mkdir tree && touch tree/file && chown 33:44 tree/file && chmod 4755 tree/file", work);
    await layerOk(chown("--uid", "33", "--gid", "44"));
    expect((await describeTree(join(work, "tree"))).file?.mode).toBe(0o4755);
  });

  test("wants a directory and both ids", async () => {
    mkdirSync(join(work, "tree"));
    for (const options of [
      ["--uid", "1"],
      ["--uid", "-1", "--gid", "0"],
      ["--uid", "4294967295", "--gid", "0"],
    ]) {
      expect(await layerError(chown(...options))).toMatchObject({ code: "usage" });
    }
    expect(
      await layerError(["chown", "--dir", join(work, "none"), "--uid", "1", "--gid", "1"]),
    ).toMatchObject({ code: "not-found" });
  });
});
