import { describe, expect, test } from "vitest";
import { parseBytes, parseDecimalBytes, parseDuration } from "../../../src/oci/units.ts";

describe("sizes", () => {
  test.each([
    ["0", 0],
    ["1", 1],
    ["512b", 512],
    ["64k", 65536],
    ["64K", 65536],
    ["64kb", 65536],
    ["64KiB", 65536],
    ["10m", 10 * 1024 ** 2],
    ["1.5g", 1.5 * 1024 ** 3],
    ["2t", 2 * 1024 ** 4],
    ["1.0001k", 1024],
  ])("%s is %i bytes", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(["", "x", "1x", "5mm", "-1", "1e3", "k", "1,5g", " 1", "99999p"])("%s is no size", (text) => {
    expect(() => parseBytes(text)).toThrow(`invalid size: '${text}'`);
  });

  test("log sizes are decimal", () => {
    expect(parseDecimalBytes("10m")).toBe(10_000_000);
  });
});

describe("durations", () => {
  test.each([
    ["0", 0],
    ["10s", 10_000],
    ["1h2m3.5s", 3_723_500],
    ["300ms", 300],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["-2s", -2000],
    ["1000us", 1],
    ["1000µs", 1],
  ])("%s", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    ["100days", 'unknown unit "days" in duration "100days"'],
    ["1h30", 'missing unit in duration "1h30"'],
    ["1h5x2s", 'unknown unit "x" in duration "1h5x2s"'],
    ["1.5.5s", 'missing unit in duration "1.5.5s"'],
    ["soon", 'invalid duration "soon"'],
  ])("%s is refused in Go's words", (text, message) => {
    expect(() => parseDuration(text)).toThrow(`time: ${message}`);
  });

  test.each(["", "10", "s", "1x", "1s2", "1h 2m", "--1s"])("%s is no duration", (text) => {
    expect(() => parseDuration(text)).toThrow(`duration "${text}"`);
  });
});
