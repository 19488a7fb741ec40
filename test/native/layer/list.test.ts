import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { skipUnless } from "../../support/requirements.ts";
import { layer, layerError, mappedNamespace, scratch, shell } from "./layer.ts";

let work: string;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  work = scratch();
});

/** Each entry as `TYPE PATH`, with `!` where it hides what is below. */
async function list(...layers: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await layer(["list", ...layers.map((name) => join(work, name))]);
  expect([exitCode, stderr]).toEqual([0, ""]);
  const entries = stdout.split("\n").slice(0, -1);
  return entries.map((line) => {
    const { type, path, opaque } = JSON.parse(line);
    return `${type} ${path}${opaque ? " !" : ""}`;
  });
}

const OPAQUE = "setfattr -n user.overlay.opaque -v y";

test("layers hide and show what is below them", async () => {
  await shell(
    `mkdir -p low/a/b low/o/x low/f mid/a top/o top/a
     touch low/a/1 low/a/b/2 low/o/old low/gone mid/a/1 top/o/new top/f && mknod mid/gone c 0 0 && ${OPAQUE} top/o
     mknod top/a/b c 0 0 && ln -s a low/link`,
    work,
  );
  expect(await list("top", "mid", "low")).toEqual([
    ...["directory a", "file a/1", "whiteout a/b", "file f", "whiteout gone", "symlink link"],
    ...["directory o !", "file o/new"],
  ]);
  expect(await list("mid", "low")).toEqual([
    ...[
      "directory a",
      "file a/1",
      "directory a/b",
      "file a/b/2",
      "directory f",
      "whiteout gone",
      "symlink link",
    ],
    ...["directory o", "file o/old", "directory o/x"],
  ]);
  // Opaque is told only of the topmost: what lies under it is cut off all the same.
  await shell(`mkdir -p over/o && ${OPAQUE} mid/a`, work);
  expect(await list("over", "top", "low")).toContain("directory o");
  expect(await list("over", "top", "low")).not.toContain("file o/old");
});

test("metadata is the topmost one's", async () => {
  await shell(
    `mkdir low top && echo 1 >low/f && echo 22 >top/f && chown 7:8 top/f && chmod 4751 top/f
     touch -d '2001-02-03 04:05:06.123456789Z' top/f && mkfifo -m 600 top/p`,
    work,
  );
  const { stdout } = await layer(["list", join(work, "top"), join(work, "low")]);
  expect(JSON.parse(stdout.split("\n")[0] as string)).toEqual({
    path: "f",
    type: "file",
    mode: 0o104751,
    uid: 7,
    gid: 8,
    size: 3,
    mtime: "981173106.123456789",
  });
  expect(JSON.parse(stdout.split("\n")[1] as string)).toMatchObject({
    path: "p",
    type: "fifo",
    mode: 0o10600,
  });
});

test("a directory that isn't there is an error", async () => {
  expect(await layerError(["list", join(work, "none")])).toMatchObject({ code: "not-found" });
});
