/**
 * How JavaScript values stand for Go's. What types.ts made carries its Go type. Of other values, arrays are slices, a Map
 * is a map, and a plain object is a map too, unless all its keys look like exported fields (`ID`, `State`): then it is a
 * struct, which is printed without keys and complains about fields that it does not have. A function among the fields is
 * a method. null is a nil pointer, undefined no value.
 */

import { GoIPNet } from "./ip-net.ts";
import { GoDuration, GoTime, GoValue } from "./time.ts";

export type Entries = [string, unknown][];

export interface Field {
  name: string;
  type: string;
  /** The key in JSON. */
  json: string;
  /** Its fields count as those of the struct around it. */
  embedded: boolean;
}

export interface GoType {
  /** As Go prints it: `*define.InspectMount`, `[]string`. */
  name: string;
  /** Of a struct. */
  fields?: readonly Field[];
  /** A slice or map that was never made; JSON says null. */
  nil?: boolean;
  /** Names of a struct's fields that JSON leaves out (omitempty). */
  omitted?: ReadonlySet<string>;
  /** Of a map: what a missing key yields. */
  zero?: unknown;
}

const types = new WeakMap<object, GoType>();

export function withType<T extends object>(value: T, type: GoType): T {
  types.set(value, type);
  return value;
}

export function goType(value: unknown): GoType | undefined {
  return typeof value === "object" && value !== null ? types.get(value) : undefined;
}

/** A float64 also where it is whole, which a number isn't. */
export class GoFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toJSON(): number {
    return this.value;
  }
}

/** A nil pointer or interface that knows its type; null is one that doesn't. */
export class NilPointer {
  readonly type: string;
  readonly fields: readonly Field[] | undefined;

  constructor(type: string, fields?: readonly Field[]) {
    this.type = type;
    this.fields = fields;
  }

  toJSON(): null {
    return null;
  }
}

export function isNil(value: unknown): boolean {
  return value === undefined || value === null || value instanceof NilPointer;
}

/** A struct or a map, but no point in time. */
export function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof GoValue || value instanceof GoFloat || value instanceof NilPointer);
}

export function isStruct(value: unknown): boolean {
  if (!isObject(value) || value instanceof Map) return false;
  if (goType(value)?.fields) return true;
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
  if (isNil(value)) return false;
  if (value instanceof GoFloat) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (isObject(value)) return isStruct(value) || Object.keys(value).length > 0;
  return value instanceof GoValue || Boolean(value);
}

export function typeName(value: unknown): string {
  const known = goType(value);
  if (known) return known.name;
  if (value instanceof NilPointer) return value.type;
  if (value === undefined || value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (typeof value === "bigint") return "int64";
  if (value instanceof GoTime) return "time.Time";
  if (value instanceof GoDuration) return "time.Duration";
  if (value instanceof GoFloat) return "float64";
  if (value instanceof GoIPNet) return "types.IPNet";
  return isStruct(value) ? "struct" : "map[string]interface {}";
}

/** The type of what a pointer points to. */
export function pointed(name: string): string {
  return name.startsWith("*") ? name.slice(1) : name;
}

const json = Symbol("json");

/** An object of which `json` shows something else than its fields, as Podman's structs and what prints them have it. */
export function withJson<T extends object>(fields: T, shown: () => unknown): T {
  return Object.defineProperty(fields, json, { value: shown });
}

/** What `json` shows of it, where withJson said so. */
export function shownAsJson(value: unknown): (() => unknown) | undefined {
  return isObject(value) ? (value as { [json]?: () => unknown })[json] : undefined;
}
