import { formatValue, sprintf, toJson } from "./format.ts";
import { entriesOf, GoTime, isObject, isTrue, typeName } from "./values.ts";

export type TemplateFunction = (...args: unknown[]) => unknown;

/** The builtin functions of text/template, and those that Podman adds. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  not: (value) => !isTrue(value),
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error("missing argument for comparison");
    return others.some((other) => equal(first, other));
  },
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  len: length,
  index: (value, ...keys) => keys.reduce(indexOne, value),
  slice: (value, ...bounds) => {
    if (typeof value !== "string" && !Array.isArray(value)) {
      throw new Error(`can't slice item of type ${typeName(value)}`);
    }
    const [from = 0, to = value.length] = bounds as number[];
    for (const bound of [from, to]) {
      if (bound < 0 || bound > value.length) throw new Error(`index out of range: ${bound}`);
    }
    if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
    return value.slice(from, to);
  },
  print: (...args) => sprint(args),
  println: (...args) => `${args.map((arg) => formatValue(arg)).join(" ")}\n`,
  printf: (format, ...args) => sprintf(text(format), args),
  html: (...args) => sprint(args).replace(/[&<>"']/g, (char) => `&${htmlEntities[char]};`),
  urlquery: (...args) => encodeURIComponent(sprint(args)).replaceAll("%20", "+"),
  js: (...args) => JSON.stringify(sprint(args)).slice(1, -1).replaceAll("'", "\\'"),

  json: toJson,
  join: (list, separator) => {
    if (!Array.isArray(list))
      throw new Error(`wrong type for value; expected []string; got ${typeName(list)}`);
    return list.map((item) => formatValue(item)).join(text(separator));
  },
  split: (value, separator) => text(value).split(text(separator)),
  upper: (value) => text(value).toUpperCase(),
  lower: (value) => text(value).toLowerCase(),
  title: (value) =>
    text(value).replace(
      /(^|[^\p{L}\p{Nd}_'])(\p{L})/gu,
      (_all, before, letter) => before + letter.toUpperCase(),
    ),
  truncate: (value, size) => text(value).slice(0, Number(size)),
  pad: (value, before, after) => {
    if (value === "") return "";
    return " ".repeat(Number(before)) + text(value) + " ".repeat(Number(after));
  },
};

const htmlEntities: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "#34", "'": "#39" };

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof GoTime) return value.toString();
  throw new Error(`wrong type for value; expected string; got ${typeName(value)}`);
}

/** fmt.Sprint: spaces only between operands neither of which is a string. */
function sprint(args: unknown[]): string {
  return args
    .map((arg, position) => {
      const between = position > 0 && typeof arg !== "string" && typeof args[position - 1] !== "string";
      return (between ? " " : "") + formatValue(arg);
    })
    .join("");
}

function equal(a: unknown, b: unknown): boolean {
  if (a === undefined || a === null || b === undefined || b === null) return (a ?? null) === (b ?? null);
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA !== kindB) throw new Error("incompatible types for comparison");
  return String(a) === String(b);
}

function compare(a: unknown, b: unknown): number {
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA !== kindB) throw new Error("incompatible types for comparison");
  if (kindA === "boolean") throw new Error("invalid type for comparison");
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

function basicKind(value: unknown): string {
  if (value instanceof GoTime) return "time";
  if (typeof value === "bigint") return "number";
  if (["string", "number", "boolean"].includes(typeof value)) return typeof value;
  throw new Error(
    value === undefined || value === null ? "invalid type for comparison" : "non-comparable type",
  );
}

function length(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) return entriesOf(value).length;
  // What is null in our JSON is an empty slice or map of Go's.
  if (value === undefined || value === null) return 0;
  throw new Error(`len of type ${typeName(value)}`);
}

function indexOne(value: unknown, key: unknown): unknown {
  if (value === undefined || value === null) throw new Error("index of untyped nil");
  if (Array.isArray(value) || typeof value === "string") {
    if (!Number.isInteger(key)) throw new Error(`cannot index slice/array with type ${typeName(key)}`);
    const position = key as number;
    if (position < 0 || position >= value.length) throw new Error(`index out of range: ${position}`);
    return typeof value === "string" ? value.charCodeAt(position) : value[position];
  }
  if (value instanceof Map) return value.get(key);
  if (isObject(value) && !(value instanceof GoTime)) {
    if (typeof key !== "string") throw new Error(`value has type ${typeName(key)}; should be string`);
    return Object.hasOwn(value, key) ? value[key] : undefined;
  }
  throw new Error(`can't index item of type ${typeName(value)}`);
}
