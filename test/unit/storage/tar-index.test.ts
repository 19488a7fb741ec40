import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTarIndex, type TarEntry } from "../../../src/storage/tar-index.ts";
import { encodeHeader, TarWriter } from "../../../src/storage/tar-writer.ts";
import { useStore } from "../../support/store.ts";

const store = useStore();
const path = (name: string) => join(store().graphRoot, name);

function indexOf(file: string): Map<string, TarEntry> {
  const fd = openSync(file, "r");
  try {
    return readTarIndex(fd, "archive");
  } finally {
    closeSync(fd);
  }
}

function contentOf(file: string, entry: TarEntry | undefined): string {
  if (!entry) throw new Error("no such entry");
  const fd = openSync(file, "r");
  const bytes = Buffer.alloc(entry.size);
  readSync(fd, bytes, 0, entry.size, entry.offset);
  closeSync(fd);
  return bytes.toString();
}

/** What GNU tar makes of some files. */
function gnuTar(format: string, files: Record<string, string>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path("in"), name, ".."), { recursive: true });
    writeFileSync(join(path("in"), name), content);
  }
  execFileSync("tar", ["-C", path("in"), `--format=${format}`, "-cf", path("a.tar"), "."]);
  return path("a.tar");
}

describe.each(["gnu", "pax", "ustar", "v7"])("%s archives", (format) => {
  test("files are found by their names without ./", () => {
    const tar = gnuTar(format, { one: "1", "sub/two": "22", empty: "" });
    const index = indexOf(tar);
    expect([...index.keys()].sort()).toEqual(["empty", "one", "sub/two"]);
    expect(contentOf(tar, index.get("sub/two"))).toBe("22");
    expect(index.get("empty")?.size).toBe(0);
  });
});

test.each(["gnu", "pax"])("%s: long names", (format) => {
  const long = `${"d".repeat(90)}/${"e".repeat(120)}`;
  const tar = gnuTar(format, { [long]: "x", short: "y" });
  const index = indexOf(tar);
  expect(contentOf(tar, index.get(long))).toBe("x");
  expect(contentOf(tar, index.get("short"))).toBe("y");
});

test("links to files are the files", () => {
  mkdirSync(path("in/id"), { recursive: true });
  writeFileSync(path("in/layer.tar"), "layer");
  symlinkSync("../layer.tar", path("in/id/layer.tar"));
  execFileSync("ln", [path("in/layer.tar"), path("in/zz-hard")]);
  execFileSync("tar", ["-C", path("in"), "-cf", path("a.tar"), "id", "layer.tar", "zz-hard"]);
  const index = indexOf(path("a.tar"));
  expect(contentOf(path("a.tar"), index.get("id/layer.tar"))).toBe("layer");
  expect(contentOf(path("a.tar"), index.get("zz-hard"))).toBe("layer");
});

describe("damaged archives", () => {
  test("one that is cut off", () => {
    const tar = gnuTar("gnu", { one: "1".repeat(5000) });
    truncateSync(tar, 2048);
    expect(() => indexOf(tar)).toThrow(expect.objectContaining({ code: "corrupt-archive" }));
  });

  test("one without its end", () => {
    writeFileSync(path("a.tar"), encodeHeader("x", 0));
    expect(() => indexOf(path("a.tar"))).toThrow(/unexpected end/);
  });

  test("no archive at all", () => {
    writeFileSync(path("a.tar"), "x".repeat(1024));
    expect(() => indexOf(path("a.tar"))).toThrow(/not a tar file/);
  });

  test("an empty file", () => {
    writeFileSync(path("a.tar"), "");
    expect(() => indexOf(path("a.tar"))).toThrow(/unexpected end/);
  });

  test("a size beyond all bounds", () => {
    writeFileSync(path("a.tar"), Buffer.concat([encodeHeader("x", 2 ** 52), Buffer.alloc(1024)]));
    expect(() => indexOf(path("a.tar"))).toThrow(/unexpected end/);
  });

  test("a size below zero, which would have it read the same header for ever", () => {
    const record = "14 size=-1024\n";
    const extended = encodeHeader("x", record.length);
    extended.write("x", 156);
    extended.fill(" ", 148, 156);
    const sum = extended.reduce((total, byte) => total + byte, 0);
    extended.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    const data = Buffer.alloc(512);
    data.write(record);
    writeFileSync(path("a.tar"), Buffer.concat([extended, data, encodeHeader("x", 0), Buffer.alloc(1024)]));
    expect(() => indexOf(path("a.tar"))).toThrow(/unexpected end/);
  });

  test("a flipped bit in a header", () => {
    const header = encodeHeader("x", 0);
    header[3] = 1;
    writeFileSync(path("a.tar"), Buffer.concat([encodeHeader("w", 0), header, Buffer.alloc(1024)]));
    expect(() => indexOf(path("a.tar"))).toThrow(/bad header at byte 512/);
  });
});

describe("writing", () => {
  test("GNU tar reads what is written", () => {
    const fd = openSync(path("a.tar"), "w");
    const tar = new TarWriter(fd);
    tar.directory("blobs/");
    tar.file("blobs/one", Buffer.from("1"));
    tar.file("two", Buffer.alloc(1024, "2"));
    tar.end();
    closeSync(fd);
    const listing = execFileSync("tar", ["-tvf", path("a.tar")], { encoding: "utf8" });
    expect(listing).toMatch(
      /^drwxr-xr-x 0\/0 +0 .* blobs\/\n-rw-r--r-- 0\/0 +1 .* blobs\/one\n.* 1024 .* two\n$/,
    );
    expect(contentOf(path("a.tar"), indexOf(path("a.tar")).get("blobs/one"))).toBe("1");
  });

  test("sizes beyond eight gigabytes", () => {
    const header = encodeHeader("big", 2 ** 36);
    writeFileSync(path("a.tar"), header);
    const listing = execFileSync("sh", ["-c", `tar -tvf ${path("a.tar")} 2>/dev/null || :`], {
      encoding: "utf8",
    });
    expect(listing).toContain(String(2 ** 36));
  });

  test("a name that doesn't fit is refused", () => {
    expect(() => encodeHeader("x".repeat(101), 0)).toThrow(/too long/);
  });
});
