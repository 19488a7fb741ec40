import { EngineError } from "../errors.ts";
import { parseDuration } from "./units.ts";

/**
 * A point in time, for the filter `until`, in milliseconds since the epoch: RFC 3339 (whole or cut off behind date or
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
    throw new EngineError(
      "bad-filter",
      `failed to parse value as time or duration: ${JSON.stringify(text)}`,
      {
        hint: "write it like 2026-01-31T12:00:00Z, 1767225600 or 10m",
        cause,
      },
    );
  }
}

/**
 * --since and --until of `events` and `logs`, in milliseconds since the epoch: RFC 3339 (UTC without an offset), seconds since the
 * epoch, or a duration, back from now (`since`) or ahead.
 */
export function parseInputTime(text: string, since: boolean, now = Date.now()): number {
  const match = /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d:\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match) {
    const [, date, clock = "T00:00:00", fraction = "0", zone = "Z"] = match;
    const time = Date.parse(date + clock + zone);
    if (!Number.isNaN(time)) return time + Number(fraction) * 1000;
  }
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  let duration: number;
  try {
    duration = parseDuration(text);
  } catch (cause) {
    throw new EngineError("invalid-argument", "unable to interpret time value", { cause });
  }
  return since ? now - duration : now + duration;
}
