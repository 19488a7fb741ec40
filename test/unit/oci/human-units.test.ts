import { describe, expect, it } from "vitest";
import {
  binarySize,
  formatG,
  humanDuration,
  humanSize,
  humanTimeSince,
} from "../../../src/oci/human-units.ts";

describe("sizes", () => {
  it.each([
    [0, "0B"],
    [999, "999B"],
    [1000, "1kB"],
    [1234, "1.234kB"],
    [4_861_234, "4.861MB"],
    [1e12, "1TB"],
  ])("humanSize(%d)", (bytes, expected) => {
    expect(humanSize(bytes)).toBe(expected);
  });

  it("takes precision and separator as `images` does", () => {
    expect(humanSize(4_861_234, 3, " ")).toBe("4.86 MB");
    expect(humanSize(77_800_000, 3, " ")).toBe("77.8 MB");
  });

  it("has Go's odd exponent where rounding makes a thousand", () => {
    expect(humanSize(999_900, 3)).toBe("1e+03kB");
  });

  it("counts in 1024s", () => {
    expect(binarySize(1024)).toBe("1KiB");
    expect(binarySize(1536 * 1024)).toBe("1.5MiB");
  });
});

describe("formatG", () => {
  it.each([
    [0.1, 6, "0.1"],
    [100000, 6, "100000"],
    [1234567, 6, "1.23457e+06"],
    [0.00001, 6, "1e-05"],
    [0.0001, 6, "0.0001"],
    [-2.5, 6, "-2.5"],
  ])("%d with %d digits", (value, precision, expected) => {
    expect(formatG(value, precision)).toBe(expected);
  });
});

describe("durations", () => {
  const second = 1000;
  const hour = 3600 * second;
  it.each([
    [0, "Less than a second"],
    [second, "1 second"],
    [47 * second, "47 seconds"],
    [60 * second, "About a minute"],
    [119 * second, "About a minute"],
    [3 * 60 * second, "3 minutes"],
    [60 * 60 * second, "About an hour"],
    [89 * 60 * second, "About an hour"],
    [90 * 60 * second, "2 hours"],
    [30 * hour, "30 hours"],
    [48 * hour, "2 days"],
    [14 * 24 * hour, "2 weeks"],
    [60 * 24 * hour, "2 months"],
    [730 * 24 * hour, "2 years"],
  ])("%d ms", (milliseconds, expected) => {
    expect(humanDuration(milliseconds)).toBe(expected);
  });

  it("tells how long ago something was", () => {
    expect(humanTimeSince("2026-01-01T00:00:00Z", new Date("2026-01-01T00:02:30Z"))).toBe("2 minutes ago");
  });
});
