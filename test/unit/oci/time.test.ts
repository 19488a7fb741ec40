import { describe, expect, it } from "vitest";
import { parseTime } from "../../../src/oci/time.ts";

const now = Date.parse("2026-06-01T12:00:00Z");

describe("parseTime", () => {
  it.each([
    ["2026-01-31T12:30:15Z", "2026-01-31T12:30:15Z"],
    ["2026-01-31T12:30:15.25+02:00", "2026-01-31T10:30:15.250Z"],
    ["1767225600", "2026-01-01T00:00:00Z"],
    ["1767225600.5", "2026-01-01T00:00:00.500Z"],
    ["10m", "2026-06-01T11:50:00Z"],
    ["1h30m", "2026-06-01T10:30:00Z"],
  ])("%s", (text, expected) => {
    expect(new Date(parseTime(text, now)).toISOString()).toBe(new Date(expected).toISOString());
  });

  it("takes what has no offset for local time, cut off where one likes", () => {
    const local = new Date(2026, 0, 31, 12, 30).getTime();
    expect(parseTime("2026-01-31T12:30", now)).toBe(local);
    expect(parseTime("2026-01-31T12:30:00", now)).toBe(local);
    expect(parseTime("2026-01-31", now)).toBe(new Date(2026, 0, 31).getTime());
  });

  it("refuses the rest", () => {
    expect(() => parseTime("yesterday", now)).toThrow(
      'failed to parse value as time or duration: "yesterday"',
    );
    expect(() => parseTime("2026-13-45", now)).toThrow("failed to parse");
  });
});
