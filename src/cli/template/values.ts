import { formatDuration } from "../../oci/units.ts";

/**
 * How JavaScript values stand for Go's. Arrays are slices. A Map is a map; a plain object is a map too, unless all its
 * keys look like exported fields (`ID`, `State`): then it is a struct, which is printed without keys and complains about
 * fields that it does not have. A function among the fields is a method. null is a nil pointer, undefined no value.
 */

export type Entries = [string, unknown][];

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isStruct(value: unknown): boolean {
  if (!isObject(value) || value instanceof Map) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^[A-Z][A-Za-z0-9_]*$/.test(key));
}

/** Keys and values, in the order in which Go visits them: maps sorted, structs as declared. */
export function entriesOf(value: Record<string, unknown> | Map<string, unknown>): Entries {
  const entries: Entries =
    value instanceof Map ? [...value].map(([key, item]) => [String(key), item]) : Object.entries(value);
  if (isStruct(value)) return entries.filter(([, item]) => typeof item !== "function");
  return entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Go's idea of emptiness, for if, with, and, or, not. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (value instanceof GoValue) return true;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

export function typeName(value: unknown): string {
  if (value === undefined || value === null) return "nil";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (typeof value === "bigint") return "int64";
  if (value instanceof GoTime) return "time.Time";
  if (value instanceof GoDuration) return "time.Duration";
  return isStruct(value) ? "struct" : "map[string]interface {}";
}

/** A value of a type with a way of its own to be printed. */
export abstract class GoValue {
  abstract toJSON(): string | number;
  abstract toString(): string;
}

/** A span of time: in JSON as nanoseconds, printed as Go prints a time.Duration. */
export class GoDuration extends GoValue {
  readonly #nanoseconds: number;

  constructor(nanoseconds: number) {
    super();
    this.#nanoseconds = nanoseconds;
  }

  toJSON(): number {
    return this.#nanoseconds;
  }

  toString(): string {
    return formatDuration(this.#nanoseconds / 1e6);
  }
}

/** A point in time: in JSON as RFC 3339, printed as Go prints a time.Time. */
export class GoTime extends GoValue {
  readonly #iso: string;

  /** `iso`: RFC 3339, with up to nanoseconds. */
  constructor(iso: string) {
    super();
    this.#iso = iso;
  }

  toJSON(): string {
    return this.#iso;
  }

  toString(): string {
    const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(this.#iso);
    if (!match) return this.#iso;
    const [, date, time, fraction = "", zone = "Z"] = match;
    const offset = zone === "Z" ? "+0000 UTC" : `${zone.replace(":", "")} ${zone.replace(":", "")}`;
    return `${date} ${time}${fraction.replace(/\.?0+$/, "")} ${offset}`;
  }

  /** `{{.Created.Unix}}` */
  Unix(): number {
    return Math.floor(Date.parse(this.#iso) / 1000);
  }
}
