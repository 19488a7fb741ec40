import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { Running, waitUntil } from "../../support/process.ts";
import { hasProgram, skipUnless } from "../../support/requirements.ts";
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
  singleIdLayer,
  type Tree,
} from "./layer.ts";
import { directory, entry, file, hardlink, paxRecords, symlink, tar } from "./tar.ts";

let work: string;
let target: string;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  work = scratch();
  target = join(work, "target");
  mkdirSync(target);
});

const digest = (data: Buffer) => `sha256:${createHash("sha256").update(data).digest("hex")}`;

async function apply(blob: Buffer, ...options: string[]): Promise<Tree> {
  await layerOk(["apply", "--dir", target, ...options], { input: blob });
  return describeTree(target);
}

const applyError = (blob: Buffer, ...options: string[]) =>
  layerError(["apply", "--dir", target, ...options], { input: blob });

describe("a blob that is still being written", () => {
  const plain = tar(file("a", "a".repeat(3 << 20)), file("b", "beta"));
  const blob = gzipSync(plain, { level: 0 });
  const follow = (...options: string[]) => {
    const growing = join(work, "growing");
    writeFileSync(growing, "");
    return {
      growing,
      tool: new Running(
        [
          ...["unshare", "--user", "--map-root-user", "--", layerProgram],
          ...["apply", "--dir", target, "--follow", growing, ...options],
        ],
        { keepStdin: true },
      ),
    };
  };

  test("is unpacked as it comes", async () => {
    const { growing, tool } = follow("--digest", digest(blob), "--size", String(blob.length));
    const half = blob.length >> 1;
    appendFileSync(growing, blob.subarray(0, half));
    tool.child.stdin?.write(".");
    await waitUntil(() => existsSync(join(target, "a")), { what: "the first file" });
    // Several pieces, of which it is told once or not at all.
    appendFileSync(growing, blob.subarray(half, half + 10));
    tool.child.stdin?.write("..");
    appendFileSync(growing, blob.subarray(half + 10));
    tool.child.stdin?.end();
    expect(await tool.done).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(target, "b"), "utf8")).toBe("beta");
  });

  test("that ends early is not the one expected", async () => {
    const { growing, tool } = follow("--digest", digest(blob), "--size", String(blob.length));
    appendFileSync(growing, blob.subarray(0, 1000));
    tool.child.stdin?.end();
    const { exitCode, stderr } = await tool.done;
    expect([exitCode, JSON.parse(stderr).code]).toEqual([1, "size-mismatch"]);
  });
});

describe("verification", () => {
  const plain = tar(file("a", "alpha"), directory("d"), file("d/b", "beta"));
  const blob = gzipSync(plain);

  test("reports digests, sizes and contents", async () => {
    const copy = join(work, "copy");
    const answer = await layerOk(["apply", "--dir", target, "--copy-to", copy], { input: blob });
    expect(answer).toEqual({
      digest: digest(blob),
      size: blob.length,
      diffID: digest(plain),
      diffSize: plain.length,
      bytes: 9,
      entries: 3,
      compression: "gzip",
      implicit: [""],
      opaque: [],
    });
    expect(readFileSync(copy).equals(blob)).toBe(true);
  });

  test("accepts what it should be", async () => {
    const tree = await apply(
      blob,
      ...["--digest", digest(blob), "--size", String(blob.length), "--diff-id", digest(plain)],
    );
    expect(tree["d/b"]).toMatchObject({ type: "file", content: "beta" });
  });

  test("refuses another digest, size or diffID", async () => {
    const other = digest(Buffer.from("other"));
    expect(await applyError(blob, "--digest", other)).toMatchObject({ code: "digest-mismatch" });
    expect(await applyError(blob, "--diff-id", other)).toMatchObject({ code: "diffid-mismatch" });
    const [longer, shorter] = [String(blob.length + 1), String(blob.length - 1)];
    expect(await applyError(blob, "--size", longer)).toMatchObject({ code: "size-mismatch" });
    expect(await applyError(blob, "--size", shorter)).toMatchObject({ code: "size-mismatch" });
  });

  test("bytes after the archive's end count for digest and diffID", async () => {
    const longer = Buffer.concat([plain, Buffer.from("rest")]);
    await apply(longer, "--digest", digest(longer), "--diff-id", digest(longer));
    const after = Buffer.concat([plain, Buffer.from("REST")]);
    expect(await applyError(after, "--digest", digest(longer))).toMatchObject({ code: "digest-mismatch" });
  });

  test("a damaged blob is a mismatch first, whatever it did to the archive", async () => {
    for (const damaged of [blob.subarray(0, blob.length - 12), Buffer.concat([blob, blob]).fill(7, 30, 60)]) {
      expect(await applyError(damaged, "--digest", digest(blob))).toMatchObject({ code: "digest-mismatch" });
      expect(await applyError(damaged)).toMatchObject({ code: "corrupt-archive" });
    }
  });

  test("reads a blob out of an archive at an offset, without moving it", async () => {
    const archive = join(work, "archive");
    writeFileSync(archive, Buffer.concat([Buffer.from("before"), blob, Buffer.from("after")]));
    const fd = openSync(archive, "r");
    const options = ["--offset", "6", "--size", String(blob.length), "--digest", digest(blob)];
    const script = `"$@" <&3 >/dev/null && head -c 6 <&3`;
    const command = [layerProgram, "apply", "--dir", target, ...options];
    const { stdout } = await inside(["sh", "-c", `exec 3<"$0"; ${script}`, archive, ...command]);
    closeSync(fd);
    expect(stdout).toBe("before");
    expect((await describeTree(target)).a).toMatchObject({ content: "alpha" });
  });

  test("an empty blob is an empty layer", async () => {
    expect(Object.keys(await apply(Buffer.alloc(0)))).toEqual(["."]);
  });
});

describe("compression", () => {
  const plain = tar(file("big", "0123456789".repeat(100_000)), file("last", "x"));

  async function compressed(command: string): Promise<Buffer> {
    writeFileSync(join(work, "in"), plain);
    await shell(`${command} <in >out`, work);
    return readFileSync(join(work, "out"));
  }

  async function expectSame(blob: Buffer): Promise<void> {
    const tree = await apply(blob, "--diff-id", digest(plain));
    expect(tree.last).toMatchObject({ content: "x" });
  }

  test("gzip of several members, with zeros after it", async () => {
    const [one, two] = [plain.subarray(0, 1000), plain.subarray(1000)].map((part) => gzipSync(part));
    await expectSame(Buffer.concat([one as Buffer, two as Buffer, Buffer.alloc(700)]));
  });

  test("zstd, of several frames and with skippable ones", async (context) => {
    skipUnless(context, hasProgram("zstd"));
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const script = "head -c 1000 in | zstd -qc; tail -c +1001 in | zstd -qc";
    await expectSame(Buffer.concat([skippable, await compressed(`(${script})`), skippable]));
  });

  test.each(["xz", "bzip2"])("%s of several streams, with zeros after it", async (program) => {
    const blob = await compressed(`(head -c 1000 in | ${program} -c; tail -c +1001 in | ${program} -c)`);
    await expectSame(Buffer.concat([blob, Buffer.alloc(700)]));
  });

  test.each(["gzip", "xz", "bzip2"])(
    "garbage after %s, damage and cut streams are errors",
    async (program) => {
      const blob = await compressed(`${program} -c`);
      const damaged = Buffer.from(blob);
      damaged.fill("damaged", blob.length >> 1);
      for (const bad of [
        Buffer.concat([blob, Buffer.from("junk")]),
        blob.subarray(0, blob.length - 1),
        blob.subarray(0, 6),
        damaged,
      ])
        expect(await applyError(bad)).toMatchObject({ code: "corrupt-archive" });
    },
  );

  test("what is no archive is said to be none", async () => {
    const error = await applyError(Buffer.alloc(2000, "no tar"));
    expect(error).toMatchObject({ code: "corrupt-archive" });
    expect(error.message).toContain("is it a tar archive?");
  });

  test("decompress gives the tar and checks it", async () => {
    const blob = gzipSync(plain);
    const options = ["--digest", digest(blob), "--diff-id", digest(plain)];
    const { stdoutBytes } = await layer(["decompress", ...options], { input: blob });
    expect(stdoutBytes.equals(plain)).toBe(true);
    // At its place in a file, whatever is around it.
    writeFileSync(join(work, "blob"), blob);
    writeFileSync(join(work, "file"), Buffer.alloc(3 * plain.length, "x"));
    const place = ["decompress", ...options, "--at", `${plain.length}`];
    await shell('exec "$@" <blob 1<>file', work, layerProgram, ...place);
    const rest = Buffer.alloc(plain.length, "x");
    expect(readFileSync(join(work, "file")).equals(Buffer.concat([rest, plain, rest]))).toBe(true);
    const wrong = ["decompress", "--diff-id", digest(blob)];
    expect(await layerError(wrong, { input: blob })).toMatchObject({ code: "diffid-mismatch" });
  });
});

describe("what GNU tar writes is unpacked as GNU tar does", () => {
  const SETUP = `
    mkdir -p src/sub/deep src/$1 && cd src
    echo content >file && chmod 4755 file && echo x >sub/owned && chown 10:20 sub/owned && chmod 2710 sub
    ln file sub/hardlink && ln -s ../file sub/link && ln -s /absolute dangling && mkfifo pipe
    echo long >"$1/$1" && ln -s "$1/$1" long-link && ln "$1/$1" "$1/hard"
    truncate -s 3M sparse && printf middle | dd of=sparse bs=1 seek=1500000 conv=notrunc status=none
    printf end | dd of=sparse bs=1 seek=3000000 conv=notrunc status=none
    : >empty && printf 'odd' >"$(printf 'name\\377\\n')" && chmod 0 empty
    setfattr -n user.note -v 'with = and newline' sub/owned
    touch -d '2001-02-03 04:05:06.123456789' file sub && touch -h -d '1969-12-31 23:00:00' sub/link
    touch -d '2005-01-01' sub/deep .`;
  const long = "n".repeat(120);

  async function compare(options: string, name = long, change = ":"): Promise<Tree> {
    await shell(SETUP, work, name);
    await shell(change, join(work, "src"));
    await shell(
      `tar -C src ${options} -cf archive . && mkdir other && tar -C other -xpf archive --xattrs`,
      work,
    );
    const ours = await apply(readFileSync(join(work, "archive")));
    expect(ours).toEqual(await describeTree(join(work, "other")));
    return ours;
  }

  test.each(["gnu", "oldgnu", "pax"])("format %s", async (format) => {
    const tree = await compare(`--format=${format} --xattrs`);
    expect(tree["sub/owned"]).toMatchObject({ uid: 10, gid: 20 });
    expect(tree.file).toMatchObject({ mode: 0o4755 });
    expect(tree[`${long}/${long}`]).toMatchObject({ content: "long\n" });
  });

  test("format ustar, with names in two parts", async () => {
    const name = "n".repeat(90);
    await compare("--format=ustar", name, `touch -h -d 2000-01-01 sub/link; rm long-link ${name}/hard`);
  });

  test("format v7", async () => {
    await compare("--format=v7", "n", "touch -h -d 2000-01-01 sub/link; rm pipe");
  });

  test.each(["--format=gnu", ...["0.0", "0.1", "1.0"].map((v) => `--format=pax --sparse-version=${v}`)])(
    "sparse files, %s",
    async (format) => {
      const tree = await compare(`${format} --sparse`);
      expect(tree.sparse).toMatchObject({ size: 3 * 1024 * 1024 });
      const blocks = await shell("stat -c %b sparse", target);
      expect(Number(blocks)).toBeLessThan(1000);
    },
  );

  test("many pieces in a sparse file", async () => {
    await shell(
      `mkdir src && for i in $(seq 60); do printf "$i" | dd of=src/s bs=1 seek=\${i}00000 conv=notrunc status=none; done`,
      work,
    );
    for (const format of ["gnu", "pax"]) {
      await shell(`tar -C src --format=${format} --sparse -cf archive .`, work);
      await layerOk(["apply", "--dir", target], { input: readFileSync(join(work, "archive")) });
      await shell("cmp src/s target/s", work);
    }
  });
});

describe("headers", () => {
  test("base-256 numbers, of both signs", async () => {
    const patch = (header: Buffer) => {
      header.fill(0, 108, 116).writeUInt8(0x80, 108);
      header.writeUInt32BE(1000, 112);
      header.fill(0xff, 136, 148).writeInt32BE(-100, 144);
    };
    const tree = await apply(tar(file("a", "", { patch })));
    expect(tree.a).toMatchObject({ uid: 1000, mtime: "-100000000000" });
  });

  test("PAX records rule: times, owner, size, attributes, path", async () => {
    const pax = {
      path: "dir/\u{1f40b}",
      mtime: "-1.25",
      uid: "7",
      gid: "8",
      size: "3",
      "SCHILY.xattr.user.binary": Buffer.from([0, 10, 61, 255]),
      "LIBARCHIVE.xattr.user.%6Fther": "AQID",
      "VENDOR.unknown": "ignored",
    };
    const tree = await apply(tar(file("short", "abc", { pax, size: 3 })));
    expect(tree["dir/\u{1f40b}"]).toMatchObject({
      content: "abc",
      mtime: "-1250000000",
      uid: 7,
      gid: 8,
      xattrs: { "user.binary": "\0\n=\xff", "user.other": "\x01\x02\x03" },
    });
  });

  test("global PAX headers set defaults, but no names", async () => {
    const global = entry("g", { type: "g", data: paxRecords({ uid: "12345", mtime: "5" }) });
    const named = entry("g", { type: "g", data: paxRecords({ path: "evil" }) });
    const tree = await apply(tar(global, named, file("a"), file("b", "", { pax: { uid: "5" } })));
    expect(tree).not.toHaveProperty("evil");
    expect(tree.a).toMatchObject({ uid: 12345, mtime: "5000000000" });
    expect(tree.b).toMatchObject({ uid: 5 });
  });

  test("a directory is known by its slash, and a hard link's size means nothing", async () => {
    const tree = await apply(
      tar(file("d/"), file("a", "A"), entry("b", { type: "1", link: "a", size: 4096 })),
    );
    expect(tree.d).toMatchObject({ type: "directory" });
    expect(tree.b).toMatchObject({ same: "a" });
  });

  test("missing end blocks are tolerated, a cut entry is not", async () => {
    expect(await apply(file("a", "A"))).toHaveProperty("a");
    for (const cut of [
      file("a", "A").subarray(0, 600),
      file("a", "A").subarray(0, 300),
      file("a", "", { size: 9 }),
    ])
      expect(await applyError(cut)).toMatchObject({ code: "corrupt-archive" });
  });

  test.each([
    ["checksum", Buffer.from(file("a")).fill(1, 148, 150)],
    ["size", file("a", "", { patch: (h) => h.write("9".repeat(11), 124) })],
    ["negative size", file("a", "", { patch: (h) => h.fill(0xff, 124, 136) })],
    ["type", entry("a", { type: "Z" })],
    ["PAX record", Buffer.concat([entry("x", { type: "x", data: "99 path=x\n" }), file("a")])],
    ["PAX length", Buffer.concat([entry("x", { type: "x", data: "0 path=x\n" }), file("a")])],
    ["NUL in a path", file("a", "", { pax: { path: "a\0b" } })],
    ["lonely PAX header", Buffer.concat([entry("x", { type: "x", data: "" })])],
    ["huge PAX header", entry("x", { type: "x", size: 2 ** 30 })],
    [
      "sparse map out of order",
      file("a", "ab", { pax: { "GNU.sparse.map": "5,1,0,1", "GNU.sparse.size": "9" } }),
    ],
    [
      "sparse map beyond the file",
      file("a", "ab", { pax: { "GNU.sparse.map": "8,2", "GNU.sparse.size": "9" } }),
    ],
    [
      "sparse map unlike the data",
      file("a", "ab", { pax: { "GNU.sparse.map": "0,1", "GNU.sparse.size": "9" } }),
    ],
    [
      "endless sparse map",
      file("a", "9999999999\n", { pax: { "GNU.sparse.major": "1", "GNU.sparse.minor": "0" } }),
    ],
  ])("an invalid %s is a corrupt archive", async (_what, archive) => {
    expect(await applyError(tar(archive))).toMatchObject({ code: "corrupt-archive" });
  });
});

describe("whiteouts", () => {
  const WHITEOUT = { type: "char", device: [0, 0] };
  const OPAQUE = { xattrs: { "user.overlay.opaque": "y", "user.fuseoverlayfs.opaque": "y" } };

  test("become devices 0:0 and opaque attributes", async () => {
    const blob = tar(
      directory("d"),
      file("d/.wh.gone"),
      directory("o"),
      file("o/.wh..wh..opq"),
      file(".wh.top"),
    );
    const answer = await layerOk(["apply", "--dir", target], { input: blob });
    expect(answer).toMatchObject({ implicit: [""], opaque: ["o"] });
    const tree = await describeTree(target);
    expect(Object.keys(tree).sort()).toEqual([".", "d", "d/gone", "o", "top"]);
    expect(tree["d/gone"]).toMatchObject(WHITEOUT);
    expect(tree.top).toMatchObject(WHITEOUT);
    expect(tree.o).toMatchObject(OPAQUE);
  });

  test("what the layer adds to an opaque directory stays, before the marker or after it", async () => {
    const tree = await apply(tar(directory("o"), file("o/a", "A"), file("o/.wh..wh..opq"), file("o/b", "B")));
    expect(tree["o/a"]).toMatchObject({ content: "A" });
    expect(tree["o/b"]).toMatchObject({ content: "B" });
    expect(tree.o).toMatchObject(OPAQUE);
  });

  test("a name that is deleted and added is added, and covers a directory", async () => {
    const tree = await apply(
      tar(
        ...[file(".wh.f1"), file("f1", "new"), file("f2", "new"), file(".wh.f2")],
        ...[
          file(".wh.d1"),
          directory("d1"),
          directory("d2"),
          file("d2/x"),
          file(".wh.d2"),
          file(".wh.d3"),
          file("d3/x"),
        ],
      ),
    );
    expect([tree.f1, tree.f2]).toEqual([expect.objectContaining({ content: "new" }), tree.f1]);
    for (const name of ["d1", "d2", "d3"]) expect(tree[name]).toMatchObject({ type: "directory", ...OPAQUE });
    expect(tree).toHaveProperty("d2/x");
    expect(tree).toHaveProperty("d3/x");
  });

  test.each([".wh.", ".wh..", ".wh...", "d/.wh...", ".wh.d/x"])("%s is refused", async (name) => {
    expect(await applyError(tar(directory("d"), file(name)))).toMatchObject({ code: "unsafe-path" });
  });

  test("names of AUFS itself are left out", async () => {
    const tree = await apply(tar(directory(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs")));
    expect(Object.keys(tree)).toEqual(["."]);
  });

  test("a layer cannot bring overlay attributes of its own", async () => {
    const pax = {
      "SCHILY.xattr.user.overlay.redirect": "/etc",
      "SCHILY.xattr.user.fuseoverlayfs.origin": "x",
    };
    const tree = await apply(tar(directory("d", { pax }), file("d/f", "", { pax })));
    expect(tree.d).not.toHaveProperty("xattrs");
    expect(tree["d/f"]).not.toHaveProperty("xattrs");
  });

  test("directories without an entry are reported, in UTF-8 only", async () => {
    const blob = tar(
      file("a/b/c"),
      directory("x"),
      file("x/y/z"),
      directory("a"),
      file("bad\xff/f"),
      directory("."),
    );
    const answer = await layerOk(["apply", "--dir", target], { input: blob });
    expect(answer).toMatchObject({ implicit: ["a/b", "x/y"] });
    expect((await describeTree(target))["a/b"]).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
  });
});

describe("owners and modes", () => {
  test("an id that is not mapped is an error that says what to do", async () => {
    const error = await applyError(tar(file("f", "", { uid: 1_000_000, gid: 5 })));
    expect(error).toMatchObject({ code: "id-not-mapped" });
    expect(error.message).toContain("1000000:5");
    expect(error.message).toContain("/etc/subuid");
    expect(await applyError(tar(file("f", "", { pax: { uid: "99999999999" } })))).toMatchObject({
      code: "id-not-mapped",
    });
    const input = tar(file("mine", "", { uid: 1_000_000, gid: 5 }), file("known", "", { uid: 3, gid: 5 }));
    await layerOk(["apply", "--dir", target, "--ignore-chown-errors"], { input });
    expect(await describeTree(target)).toMatchObject({
      mine: { uid: 0, gid: 0 },
      known: { uid: 3, gid: 5 },
    });
  });

  test("with one id mapped, everything is root's", async () => {
    const input = tar(directory("d", { uid: 5 }), file("d/f", "", { uid: 1_000_000, gid: 5, mode: 0o4711 }));
    const { exitCode, stderr } = await singleIdLayer(["apply", "--dir", target], { input });
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect((await describeTree(target))["d/f"]).toMatchObject({ uid: 0, gid: 0, mode: 0o4711 });
  });

  test("setuid, setgid and sticky bits and capabilities survive a change of owner", async () => {
    const capability = Buffer.from([0, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    capability.writeUInt32LE(0x02000001, 0);
    const tree = await apply(
      tar(
        file("s", "x", { mode: 0o6755, uid: 3, gid: 4 }),
        directory("t", { mode: 0o3777, uid: 3, gid: 4 }),
        file("c", "x", { uid: 3, pax: { "SCHILY.xattr.security.capability": capability } }),
      ),
    );
    expect(tree.s).toMatchObject({ mode: 0o6755, uid: 3, gid: 4 });
    expect(tree.t).toMatchObject({ mode: 0o3777, uid: 3, gid: 4 });
    expect(Object.keys(tree.c?.xattrs ?? {})).toEqual(["security.capability"]);
  });

  test("nothing is inherited from a setgid directory", async () => {
    const tree = await apply(
      tar(
        directory("g", { mode: 0o2775, gid: 50 }),
        file("g/f"),
        directory("g/d"),
        symlink("g/l", "f"),
        file("g/i/f"),
      ),
    );
    for (const name of ["g/f", "g/d", "g/l", "g/i", "g/i/f"]) expect(tree[name]).toMatchObject({ gid: 0 });
    expect(tree["g/d"]).toMatchObject({ mode: 0o755 });
    expect(tree["g/i"]).toMatchObject({ mode: 0o755 });
  });

  test("attributes that cannot be set here are left out", async () => {
    const pax = { "SCHILY.xattr.trusted.x": "1", "SCHILY.xattr.user.ok": "2" };
    const tree = await apply(tar(file("f", "", { pax }), entry("l", { type: "2", link: "f", pax })));
    expect(tree.f?.xattrs).toEqual({ "user.ok": "2" });
  });

  test("devices are left out, pipes made", async () => {
    const tree = await apply(
      tar(
        entry("null", { type: "3", device: [1, 3] }),
        entry("disk", { type: "4", device: [8, 0] }),
        entry("p", { type: "6" }),
      ),
    );
    expect(Object.keys(tree)).toEqual([".", "p"]);
    expect(tree.p).toMatchObject({ type: "fifo" });
  });

  test("directory times are those of the archive, also of the root", async () => {
    const tree = await apply(
      tar(directory("./", { mtime: 1, mode: 0o700 }), directory("d", { mtime: 2 }), file("d/f"), file("g")),
    );
    expect(tree["."]).toMatchObject({ mtime: "1000000000", mode: 0o700 });
    expect(tree.d).toMatchObject({ mtime: "2000000000" });
  });
});

describe("names that come twice", () => {
  test("the last one counts, of whatever type", async () => {
    const tree = await apply(
      tar(
        ...[file("a", "1"), file("a", "22"), directory("b"), file("b/x"), file("b", "file")],
        ...[
          file("c"),
          directory("c"),
          file("c/y"),
          symlink("d", "c"),
          directory("d"),
          file("d/z"),
          file("e"),
          symlink("e", "a"),
        ],
      ),
    );
    expect(tree.a).toMatchObject({ content: "22" });
    expect(tree.b).toMatchObject({ content: "file" });
    expect(tree["c/y"]).toBeDefined();
    expect(tree.d).toMatchObject({ type: "directory" });
    expect(tree["c/z"]).toBeUndefined();
    expect(tree.e).toMatchObject({ link: "a" });
  });

  test("a hard link to its own name changes nothing", async () => {
    expect((await apply(tar(file("a", "A"), hardlink("./a", "a")))).a).toMatchObject({ content: "A" });
  });

  test("a rewritten file leaves its hard links alone", async () => {
    const tree = await apply(tar(file("a", "A"), hardlink("b", "a"), file("a", "new")));
    expect(tree.b).toMatchObject({ content: "A" });
  });
});

test("a gigabyte of zeros takes no room", async () => {
  const entries =
    "import sys, tarfile; t = tarfile.open(fileobj=sys.stdout.buffer, mode='w|gz', bufsize=1 << 20)";
  const script = `${entries}; f = tarfile.TarInfo('zeros'); f.size = 1 << 30; t.addfile(f, open('/dev/zero', 'rb'))
t.close()`;
  await shell('python3 -c "$1" >bomb', work, script);
  await layerOk(["apply", "--dir", target], { input: readFileSync(join(work, "bomb")) });
  const [size, blocks] = (await shell("stat -c '%s %b' zeros", target)).split(" ").map(Number);
  expect(size).toBe(2 ** 30);
  expect(blocks).toBeLessThan(1000);
});

test("disk-full is told apart", async () => {
  const script = 'mount -t tmpfs -o size=1m tmpfs "$0" && "$@" --dir "$0"';
  const blob = gzipSync(tar(file("big", "x".repeat(4 << 20))));
  const argv = ["unshare", "--mount", "sh", "-c", script, target, layerProgram, "apply"];
  const { exitCode, stderr } = await inside(argv, { input: blob });
  expect(exitCode).toBe(1);
  expect(JSON.parse(stderr)).toMatchObject({ code: "disk-full" });
});

test("wrong usage is said", async () => {
  for (const args of [
    [],
    ["apply"],
    ["nothing"],
    ["apply", "--dir"],
    ["apply", "--dir", "x", "--digest", "md5:1"],
    ["remove"],
  ])
    expect(await layerError(args)).toMatchObject({ code: "usage" });
  expect(await layerError(["apply", "--dir", "/nowhere"])).toMatchObject({ code: "not-found" });
});
