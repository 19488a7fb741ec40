import { EngineError } from "../errors.ts";
import { parseDuration } from "./units.ts";

/**
 * A point in time, for --since, --until and the filter of that name, in milliseconds since the epoch: RFC 3339 (whole or cut off behind date or
 * minutes, local without an offset), seconds since the epoch, or a duration back from now such as 10m.
 */
export function parseTime(text: string, now = Date.now()): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const match = /^(\d{4}-\d\d-\d\d)(T\d\d(?::\d\d(?::\d\d)?)?)?(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match) {
    const [, date, clock = "T00:00:00", fraction = "", zone = ""] = match;
    const time = Date.parse(`${date}${clock.padEnd("T00:00:00".length, ":00")}${fraction}${zone}`);
    if (!Number.isNaN(time)) return time;
  }
  try {
    return now - parseDuration(text);
  } catch (cause) {
    throw new EngineError("invalid-argument", `failed to parse time/duration value "${text}"`, {
      hint: "write it like 2026-01-31T12:00:00Z, 1767225600 or 10m",
      cause,
    });
  }
}
