/** The builtin functions of text/template, and those that Podman adds. */

import { formatValue, sprintf, toJson } from "./format.ts";
import { GoTime } from "./time.ts";
import {
  entriesOf,
  GoFloat,
  goType,
  isNil,
  isObject,
  isStruct,
  isTrue,
  NilPointer,
  pointed,
  typeName,
} from "./values.ts";

export interface TemplateFunction {
  /** Go's types of the parameters; a value of another type is refused. The last one is repeated where `variadic`. */
  params: readonly ("any" | "string" | "int" | "[]string")[];
  variadic?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the evaluator has checked the arguments against `params`
  run: (...args: any[]) => unknown;
}

const comparison = (run: (a: unknown, b: unknown) => boolean): TemplateFunction => ({
  params: ["any", "any"],
  run,
});
const ofString = (run: (text: string) => string): TemplateFunction => ({ params: ["string"], run });
const ofAnything = (run: (...args: unknown[]) => unknown): TemplateFunction => ({
  params: ["any"],
  variadic: true,
  run,
});

export const functions: Readonly<Record<string, TemplateFunction>> = {
  // The evaluator itself runs `and` and `or`.
  and: { params: ["any", "any"], variadic: true, run: () => undefined },
  or: { params: ["any", "any"], variadic: true, run: () => undefined },
  not: { params: ["any"], run: (value) => !isTrue(value) },
  eq: {
    params: ["any", "any"],
    variadic: true,
    run: (first, ...others) => {
      if (others.length === 0) throw new Error("missing argument for comparison");
      return others.some((other) => equal(first, other));
    },
  },
  ne: comparison((a, b) => !equal(a, b)),
  lt: comparison((a, b) => compare(a, b) < 0),
  le: comparison((a, b) => compare(a, b) <= 0),
  gt: comparison((a, b) => compare(a, b) > 0),
  ge: comparison((a, b) => compare(a, b) >= 0),
  len: { params: ["any"], run: length },
  index: {
    params: ["any", "any"],
    variadic: true,
    run: (value, ...keys) => {
      if (isNil(value)) throw new Error("index of untyped nil");
      return keys.reduce(indexOne, value);
    },
  },
  slice: { params: ["any", "any"], variadic: true, run: slice },
  call: { params: ["any", "any"], variadic: true, run: call },
  print: ofAnything((...args) => sprint(args)),
  println: ofAnything((...args) => `${args.map((arg) => formatValue(arg)).join(" ")}\n`),
  printf: { params: ["string", "any"], variadic: true, run: (format, ...args) => sprintf(format, args) },
  html: ofAnything((...args) => sprint(args).replace(/[&<>"'\0]/g, (char) => htmlEntities[char] as string)),
  js: ofAnything((...args) => jsEscape(sprint(args))),
  urlquery: ofAnything((...args) =>
    encodeURIComponent(sprint(args))
      .replaceAll("%20", "+")
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
  ),

  json: { params: ["any"], run: toJson },
  join: {
    params: ["[]string", "string"],
    run: (list: unknown[], separator) => list.map((item) => formatValue(item)).join(separator),
  },
  split: { params: ["string", "string"], run: (text: string, separator) => text.split(separator) },
  upper: ofString((text) => text.toUpperCase()),
  lower: ofString((text) => text.toLowerCase()),
  title: ofString((text) =>
    text.replace(
      /(^|[^\p{L}\p{Nd}_])(\p{L})/gu,
      (_all, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  ),
  truncate: { params: ["string", "int"], run: truncate },
  pad: {
    params: ["string", "int", "int"],
    run: (text: string, before, after) => (text === "" ? "" : " ".repeat(before) + text + " ".repeat(after)),
  },
};

export const functionNames: ReadonlySet<string> = new Set(Object.keys(functions));

const htmlEntities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\ufffd",
};

/** As text/template's JSEscape. */
function jsEscape(text: string): string {
  return text.replace(/[\\'"<>&=]|[^\P{C}]/gu, (char) => {
    if (/[\\'"]/.test(char)) return `\\${char}`;
    return `\\u${(char.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0")}`;
  });
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

function truncate(text: string, size: number): string {
  if (size < 0) throw new Error(`runtime error: slice bounds out of range [:${size}]`);
  const bytes = Buffer.from(text);
  return bytes.length < size ? text : bytes.subarray(0, size).toString();
}

function equal(a: unknown, b: unknown): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA !== kindB) throw new Error("incompatible types for comparison");
  if (kindA === "") throw new Error(`non-comparable type ${formatValue(a)}: ${typeName(a)}`);
  return String(plain(a)) === String(plain(b));
}

function compare(a: unknown, b: unknown): number {
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA === "" || kindB === "") throw new Error("invalid type for comparison");
  if (kindA !== kindB) throw new Error("incompatible types for comparison");
  if (kindA === "bool" || kindA === "time") throw new Error("invalid type for comparison");
  const [first, second] = [plain(a) as number, plain(b) as number];
  return first < second ? -1 : first > second ? 1 : 0;
}

function plain(value: unknown): unknown {
  return value instanceof GoFloat ? value.value : value;
}

/** What can be compared; "" for anything else. */
function basicKind(value: unknown): string {
  if (value instanceof GoTime) return "time";
  if (typeof value === "bigint") return "int";
  const type = typeName(value);
  return ["string", "bool", "int", "float64"].includes(type) ? type : "";
}

function length(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isObject(value) && !isStruct(value)) return entriesOf(value).length;
  // What is null in our JSON is an empty slice or map of Go's.
  if (value === null) return 0;
  throw new Error(isNil(value) ? "len of nil pointer" : `len of type ${pointed(typeName(value))}`);
}

function indexOne(value: unknown, key: unknown): unknown {
  if (value instanceof NilPointer) throw new Error("index of nil pointer");
  if (isNil(value)) throw new Error("index of untyped nil");
  if (Array.isArray(value) || typeof value === "string") {
    const items = typeof value === "string" ? Buffer.from(value) : value;
    if (isNil(key)) throw new Error("cannot index slice/array with nil");
    if (!Number.isInteger(key)) throw new Error(`cannot index slice/array with type ${typeName(key)}`);
    const position = key as number;
    if (position < 0 || position > items.length) throw new Error(`index out of range: ${position}`);
    if (position === items.length) {
      throw new Error(`reflect: ${typeof value === "string" ? "string" : "slice"} index out of range`);
    }
    return items[position];
  }
  if (isObject(value) && !isStruct(value)) {
    if (typeof key !== "string") throw new Error(`value has type ${typeName(key)}; should be string`);
    const found = value instanceof Map ? value.get(key) : Object.hasOwn(value, key) ? value[key] : undefined;
    return found === undefined ? goType(value)?.zero : found;
  }
  throw new Error(`can't index item of type ${typeName(value)}`);
}

function slice(value: unknown, ...bounds: unknown[]): unknown {
  if (typeof value !== "string" && !Array.isArray(value)) {
    throw new Error(isNil(value) ? "slice of untyped nil" : `can't slice item of type ${typeName(value)}`);
  }
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`);
  if (bounds.length === 3 && typeof value === "string") throw new Error("cannot 3-index slice a string");
  const items = typeof value === "string" ? Buffer.from(value) : value;
  for (const bound of bounds) {
    if (!Number.isInteger(bound)) throw new Error(`cannot index slice/array with type ${typeName(bound)}`);
    if ((bound as number) < 0 || (bound as number) > items.length) {
      throw new Error(`index out of range: ${bound}`);
    }
  }
  const [from = 0, to = items.length, capacity = items.length] = bounds as number[];
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (to > capacity) throw new Error(`invalid slice index: ${to} > ${capacity}`);
  return typeof value === "string" ? items.slice(from, to).toString() : value.slice(from, to);
}

function call(target: unknown): never {
  throw new Error(isNil(target) ? "call of nil" : `non-function of type ${typeName(target)}`);
}
