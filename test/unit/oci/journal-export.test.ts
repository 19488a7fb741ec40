import { expect, test } from "vitest";
import { JournalExportParser } from "../../../src/oci/journal-export.ts";

function binary(name: string, value: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.from("\n")]);
}

const value = Buffer.from([0, 255, 10, 10, 61, 10]);
const text = Buffer.concat([
  Buffer.from("__CURSOR=s=1;i=2\nMESSAGE=\nPRIORITY=6\n\n\n"),
  binary("MESSAGE", value),
  Buffer.from("PRIORITY=3\nPRIORITY=6\n\nMESSAGE=unfinished\n"),
]);
const expected = [
  { __CURSOR: "s=1;i=2", MESSAGE: "", PRIORITY: "6" },
  { MESSAGE: value.toString("latin1"), PRIORITY: "3" },
];

test.each([1, 2, 7, 1000])("entries are taken apart that come in pieces of %i", (size) => {
  const parser = new JournalExportParser();
  const found: Record<string, string>[] = [];
  for (let at = 0; at < text.length; at += size) {
    for (const entry of parser.push(text.subarray(at, at + size)))
      found.push(Object.fromEntries([...entry].map(([name, bytes]) => [name, bytes.toString("latin1")])));
  }
  expect(found).toEqual(expected);
});
