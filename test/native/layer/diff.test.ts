import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { skipUnless } from "../../support/requirements.ts";
import { describeTree, inside, layer, layerOk, mappedNamespace, type Node, scratch, shell } from "./layer.ts";

let work: string;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  work = scratch();
  mkdirSync(join(work, "upper"));
});

async function diff(...lowers: string[]): Promise<Buffer> {
  const argv = [
    "diff",
    "--upper",
    join(work, "upper"),
    ...lowers.flatMap((name) => ["--lower", join(work, name)]),
  ];
  const { exitCode, stdoutBytes, stderr } = await layer(argv);
  expect([exitCode, stderr]).toEqual([0, ""]);
  return stdoutBytes;
}

async function names(archive: Buffer): Promise<string[]> {
  const { stdout, stderr } = await inside(["tar", "tf", "-"], { input: archive });
  expect(stderr).toBe("");
  return stdout.trim().split("\n");
}

const UPPER = `cd upper
  long=$(printf '%0150d' 0) && mkdir -p d/e "$long/$long" && echo data >d/f && ln d/f d/g && ln -s "$long" d/l
  echo deep >"$long/$long/$long" && ln "$long/$long/$long" z && ln -s /short s
  mknod d/gone c 0 0 && mkfifo p && chmod 6711 d/f && chown 7:8 d/f && chmod 6711 d/f && chown 65000:65000 d/e
  setfattr -n user.overlay.opaque -v y d/e && setfattr -n user.fuseoverlayfs.opaque -v y d/e
  setfattr -n user.overlay.origin -v y d && setfattr -n user.k -v "$(printf 'a\\nb=c')" d/f
  printf x >"$(printf 'odd\\377')" && touch -d '1960-02-03 04:05:06.7' s -h
  touch -d '2001-02-03 04:05:06.123456789' d/f && touch -d '2500-01-01' p && touch -d 2001-01-01 d d/e "$long" .`;

test("what diff writes, apply makes again", async () => {
  await shell(UPPER, work);
  const archive = await diff();
  mkdirSync(join(work, "again"));
  await layerOk(["apply", "--dir", join(work, "again")], { input: archive });
  const [upper, again] = [await describeTree(join(work, "upper")), await describeTree(join(work, "again"))];
  // The root of a layer, the kernel's notes and the metadata of whiteouts are no part of it.
  for (const tree of [upper, again]) {
    delete tree["."];
    tree["d/gone"] = { ...(tree["d/gone"] as Node), mode: 0, mtime: "" };
  }
  delete upper.d?.xattrs;
  expect(again).toEqual(upper);
  const { stdoutBytes } = await layer(["diff", "--upper", join(work, "again")]);
  expect(stdoutBytes.equals(archive)).toBe(true);
});

test("the same tree gives the same bytes, in the order of names", async () => {
  await shell(UPPER, work);
  const archive = await diff();
  expect((await diff()).equals(archive)).toBe(true);
  await shell(
    "cp -a upper copy && mkdir turned && cp -a $(ls -r -d copy/*) turned/ && rm -r upper && mv turned upper",
    work,
  );
  expect((await diff()).equals(archive)).toBe(true);
  const listed = await names(archive);
  expect(listed[0]).toMatch(/^0{150}\/$/);
  expect(listed).toEqual(expect.arrayContaining(["d/.wh.gone", "d/e/.wh..wh..opq", "d/f", "d/g"]));
});

test("other programs read it alike", async () => {
  await shell(UPPER, work);
  const archive = await diff();
  await inside(["sh", "-c", `mkdir "$0" && tar -C "$0" -xpf - --xattrs`, join(work, "gnu")], {
    input: archive,
  });
  const [upper, gnu] = [await describeTree(join(work, "upper")), await describeTree(join(work, "gnu"))];
  for (const name of ["d/f", "d/g", "d/l", "s", "p"]) expect(gnu[name]).toEqual(upper[name]);
  const python =
    "import sys, tarfile; print(len(tarfile.open(fileobj=sys.stdin.buffer, mode='r|').getmembers()))";
  const { stdout } = await inside(["python3", "-c", python], { input: archive });
  expect(Number(stdout)).toBe((await names(archive)).length);
});

test("an opaque directory is said to be one only over a directory of the layers below", async () => {
  await shell(
    `mkdir -p upper/new upper/old upper/hidden upper/covered/d upper/file low/old low/hidden low/covered/d top/covered
     echo x >low/file && mknod top/hidden c 0 0
     setfattr -n user.overlay.opaque -v y top/covered
     for d in new old hidden covered/d file; do setfattr -n user.overlay.opaque -v y upper/$d; done`,
    work,
  );
  const markers = async (...lowers: string[]) =>
    (await names(await diff(...lowers))).filter((name) => name.endsWith(".wh..wh..opq"));
  expect(await markers("top", "low")).toEqual(["old/.wh..wh..opq"]);
  expect(await markers("low")).toEqual(["covered/d/.wh..wh..opq", "hidden/.wh..wh..opq", "old/.wh..wh..opq"]);
  expect((await markers()).length).toBe(5);
});

test("whiteouts that fuse-overlayfs made of files stay whiteouts, sockets are left out", async () => {
  await shell(
    `: >upper/.wh.gone; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("upper/s")'`,
    work,
  );
  expect(await names(await diff())).toEqual([".wh.gone"]);
});

test("an overlay mount's changes become a layer that shows the same", async (context) => {
  const script = `
    cd "$1" && mkdir low low/d low/gone low/re upper work merged view again
    echo a >low/d/a; echo b >low/d/b; : >low/gone/x; : >low/re/old; ln low/d/a low/d/link
    mount -t overlay -o userxattr,lowerdir=low,upperdir=upper,workdir=work overlay merged || exit 77
    cd merged && rm d/b && rm -r gone && rm -r re && mkdir re && : >re/new && echo more >>d/a && mkdir n && chmod 700 d`;
  const first = await inside(["unshare", "--mount", "sh", "-c", script, "sh", work]);
  context.skip(first.exitCode === 77, "no overlay mounts in user namespaces here");
  const archive = await diff("low");
  expect(await names(archive)).toEqual(
    expect.arrayContaining(["d/.wh.b", ".wh.gone", "re/.wh..wh..opq", "re/new"]),
  );
  expect(await names(archive)).not.toContain("n/.wh..wh..opq");
  await layerOk(["apply", "--dir", join(work, "again")], { input: archive });
  const look = `cd "$1" && mount -t overlay -o "userxattr,lowerdir=$2:low" overlay view && cd view && find . | sort && cat d/a`;
  const [one, two] = [
    await inside(["unshare", "--mount", "sh", "-c", look, "sh", work, "upper"]),
    await inside(["unshare", "--mount", "sh", "-c", look, "sh", work, "again"]),
  ];
  expect(two.stdout).toBe(one.stdout);
  expect(two.stdout).toContain("re/new");
  expect(two.stdout).not.toContain("re/old");
});
