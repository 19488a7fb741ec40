/** What commands need of the pure parsers, so that they import only from cli and engine. */
export { parseSignal } from "../oci/signals.ts";
export { parseDuration } from "../oci/units.ts";

import { UsageError } from "./argv.ts";
import { parseDuration } from "../oci/units.ts";

/** --since and --until: RFC 3339, a date, seconds since the epoch, or a duration before now. Milliseconds since 1970. */
export function parseTime(text: string, now: number = Date.now()): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^-?\d[\d.]*(ns|us|µs|ms|s|m|h)/.test(text)) return now - Math.abs(parseDuration(text));
  const time = Date.parse(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00` : text);
  if (Number.isNaN(time)) {
    throw new UsageError(`parsing time "${text}": give a time like 2006-01-02T15:04:05Z, or how long ago like 10m`);
  }
  return time;
}
