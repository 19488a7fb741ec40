import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Context } from "../../../src/host/context.ts";
import { PartialBlob, reapPartialBlobs } from "../../../src/storage/partial-blob.ts";

let ctx: Context;
beforeEach(() => {
  ctx = { graphRoot: mkdtempSync(join(tmpdir(), "partial-")) } as Context;
});
afterEach(() => rmSync(ctx.graphRoot, { recursive: true, force: true }));

const descriptor = { mediaType: "x/y", digest: `sha256:${"a".repeat(64)}`, size: 6 };
const never = new AbortController().signal;

async function fill(blob: PartialBlob, text: string, failure?: Error): Promise<number[]> {
  const sizes: number[] = [];
  const download = async (offset: number) =>
    (async function* () {
      yield Buffer.from(text.slice(offset));
      if (failure) throw failure;
    })();
  await blob.fill(download, never, (size) => sizes.push(size));
  return sizes;
}

test("goes on where it ended", async () => {
  const lost = new Error("lost");
  const first = new PartialBlob(ctx, descriptor);
  await expect(fill(first, "abc", lost)).rejects.toBe(lost);
  expect(first).toMatchObject({ interruption: lost, resumed: false });
  const second = new PartialBlob(ctx, descriptor);
  expect(await fill(second, "abcdef")).toEqual([3, 6]);
  expect([second.resumed, readFileSync(second.file, "utf8")]).toEqual([true, "abcdef"]);
  // All is there: nothing is asked for.
  expect(await fill(second, "")).toEqual([6]);
});

test("more or less than announced is an error, and not its source's", async () => {
  for (const text of ["abcdefg", "abc"]) {
    const blob = new PartialBlob(ctx, descriptor);
    await expect(fill(blob, text)).rejects.toThrow("has not the announced 6 bytes");
    expect(blob.interruption).toBeUndefined();
    blob.remove();
  }
});

test("more than there should be is thrown away", async () => {
  const blob = new PartialBlob(ctx, descriptor);
  writeFileSync(blob.file, "0123456789");
  expect(await fill(blob, "abcdef")).toEqual([0, 6]);
});

test("what nobody comes back for goes after a day", () => {
  const { file } = new PartialBlob(ctx, descriptor);
  reapPartialBlobs(ctx);
  expect(existsSync(file)).toBe(true);
  const before = Date.now() / 1000 - 25 * 3600;
  utimesSync(file, before, before);
  reapPartialBlobs(ctx);
  expect(existsSync(file)).toBe(false);
});
