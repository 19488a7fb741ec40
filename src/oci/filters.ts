import { EngineError } from "../errors.ts";
import { keyAndValue } from "./key-value.ts";
import { parseTime } from "./time.ts";

export function badFilter(message: string, hint?: string): EngineError {
  return new EngineError("bad-filter", message, { hint });
}

/** What most commands say of a `--filter` without `=`. */
export function withoutValue(filter: string): EngineError {
  return badFilter(`filter input must be in the form of filter=value: ${filter} is invalid`);
}

/** Values of `--filter KEY=VALUE` by key, both in the order given. `refuse` makes the error for one without `=`. */
export function filterValues(
  filters: readonly string[],
  refuse: (filter: string) => EngineError = withoutValue,
): Map<string, string[]> {
  const byKey = new Map<string, string[]>();
  for (const filter of filters) {
    const [key, value] = keyAndValue(filter);
    if (value === undefined) throw refuse(filter);
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  return byKey;
}

/** The filter `until` of commands that take it once: the time in milliseconds since the epoch. */
export function untilTime(values: readonly string[]): number {
  const [value, ...more] = values;
  if (value === undefined || more.length > 0) throw badFilter("specify exactly one timestamp for until");
  return parseTime(value);
}
