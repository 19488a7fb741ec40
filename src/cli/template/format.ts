/** Values as Go prints them: fmt's verbs and encoding/json. */

import { formatG } from "../../oci/human-units.ts";
import { GoIPNet } from "./ip-net.ts";
import { GoTime, GoValue } from "./time.ts";
import { plainJson } from "./types.ts";
import {
  entriesOf,
  GoFloat,
  goType,
  isObject,
  isStruct,
  NilPointer,
  pointed,
  shownAsJson,
  typeName,
} from "./values.ts";

/** A value as `{{.X}}` prints it. */
export function printValue(value: unknown): string {
  const none = value === undefined || (value instanceof NilPointer && value.type === "interface {}");
  return none ? "<no value>" : formatValue(value);
}

/** Go's %v. */
export function formatValue(value: unknown, withFieldNames = false): string {
  const inner = (item: unknown) =>
    item instanceof GoIPNet ? item.asField() : formatValue(item, withFieldNames);
  if (value === undefined || value === null || value instanceof NilPointer) return "<nil>";
  if (value instanceof GoFloat) return formatFloat(value.value);
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : formatFloat(value);
  if (value instanceof GoValue) return value.toString();
  if (Array.isArray(value)) return `[${value.map(inner).join(" ")}]`;
  if (isObject(value)) {
    const entries = entriesOf(value);
    if (!isStruct(value)) return `map[${entries.map(([key, item]) => `${key}:${inner(item)}`).join(" ")}]`;
    const fields = entries.map(([key, item]) => (withFieldNames ? `${key}:${inner(item)}` : inner(item)));
    return `{${fields.join(" ")}}`;
  }
  return String(value);
}

/** The shortest digits that read back the same; with an exponent where that is what %v does. */
function formatFloat(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatG(value, 1);
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** encoding/json, compact and without HTML escapes. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(sortedJson(value)) ?? "null";
  return text.replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
}

function sortedJson(value: unknown): unknown {
  const shown = shownAsJson(value);
  if (shown !== undefined) return shown();
  if (goType(value) !== undefined) return plainJson(value);
  if (Array.isArray(value)) return value.map(sortedJson);
  if (!isObject(value)) return value;
  return Object.fromEntries(entriesOf(value).map(([key, item]) => [key, sortedJson(item)]));
}

/** Go's %#v. */
function goSyntax(value: unknown): string {
  const type = typeName(value);
  if (typeof value === "string") return quote(value);
  if (value instanceof NilPointer) return `(${type})(nil)`;
  if (value instanceof GoTime)
    return value.Format("time.Date(2006, time.January, 2, 15, 4, 5, ") + timeEnd(value);
  if (goType(value)?.nil) return `${type}(nil)`;
  if (Array.isArray(value)) return `${type}{${value.map(goSyntax).join(", ")}}`;
  if (isObject(value)) {
    const entries = entriesOf(value);
    const items = isStruct(value)
      ? entries.map(([key, item]) => `${key}:${goSyntax(item)}`)
      : entries.map(([key, item]) => `${quote(key)}:${goSyntax(item)}`);
    return `${type.startsWith("*") ? "&" : ""}${pointed(type)}{${items.join(", ")}}`;
  }
  return formatValue(value);
}

function timeEnd(value: GoTime): string {
  return `${value.Nanosecond()}, ${value.Format("MST") === "UTC" ? "time.UTC" : "time.Local"})`;
}

interface Directive {
  flags: string;
  width: number | undefined;
  precision: number | undefined;
  verb: string;
}

const directive = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(\*|\d*))?(?:\[(\d+)\])?([^\d[\]*.+# 0-])?/gu;

/** fmt.Sprintf, for the verbs that templates use. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  let reordered = false;
  const take = () => args[next++];
  const size = (text: string | undefined): number | undefined => {
    if (text === undefined || text === "") return undefined;
    return text === "*" ? Number(take()) : Number(text);
  };
  const result = format.replace(directive, (_whole, flags: string, ...groups: (string | undefined)[]) => {
    const [before, width, precision, after, verb] = groups;
    const index = before ?? after;
    if (index !== undefined && width !== "*") {
      next = Number(index) - 1;
      reordered = true;
    }
    const given = { flags, width: size(width), precision: precision === "" ? 0 : size(precision) };
    if (verb === undefined) return "%!(NOVERB)";
    if (verb === "%") return "%";
    if (next < 0 || next >= args.length)
      return index === undefined ? `%!${verb}(MISSING)` : `%!${verb}(BADINDEX)`;
    return formatVerb({ ...given, verb }, take());
  });
  if (reordered || next >= args.length) return result;
  const extra = args
    .slice(next)
    .map((arg) => (arg === null ? "<nil>" : `${typeName(arg)}=${formatValue(arg)}`));
  return `${result}%!(EXTRA ${extra.join(", ")})`;
}

/** Lists, maps and structs are printed piece by piece by all verbs but a few. */
function formatVerb(given: Directive, value: unknown): string {
  const { verb, flags } = given;
  if (verb === "T") return pad(typeName(value), given);
  if (verb === "v" && flags.includes("#")) return pad(goSyntax(value), given);
  if (!"vT".includes(verb)) {
    if (Array.isArray(value)) return `[${value.map((item) => formatVerb(given, item)).join(" ")}]`;
    if (isObject(value)) {
      const items = entriesOf(value).map(([key, item]) => [formatVerb(given, key), formatVerb(given, item)]);
      const address = typeName(value).startsWith("*") ? "&" : "";
      if (isStruct(value)) return `${address}{${items.map(([, item]) => item).join(" ")}}`;
      return `map[${items.map(([key, item]) => `${key}:${item}`).join(" ")}]`;
    }
  }
  const text = verbs[verb]?.(value, given);
  if (text !== undefined) return pad(text, given);
  if (value === undefined || value === null) return `%!${verb}(<nil>)`;
  return `%!${verb}(${typeName(value)}=${formatValue(value)})`;
}

const verbs: Record<string, (value: unknown, given: Directive) => string | undefined> = {
  v: (value, given) => {
    if (floatOf(value) !== undefined) return verbs.g?.(value, given);
    if (typeof value === "number") return integer(value, 10, given);
    const address = isStruct(value) && typeName(value).startsWith("*") ? "&" : "";
    return address + formatValue(value, given.flags.includes("+"));
  },
  t: (value) => (typeof value === "boolean" ? String(value) : undefined),
  s: (value, { precision }) => {
    if (typeof value !== "string" && !(value instanceof GoValue)) return undefined;
    return precision === undefined ? String(value) : [...String(value)].slice(0, precision).join("");
  },
  q: (value, { flags }) => {
    if (isInteger(value)) return `'${String.fromCodePoint(Number(value))}'`;
    if (typeof value !== "string" && !(value instanceof GoValue)) return undefined;
    const text = String(value);
    if (flags.includes("#") && !/[`\p{Cc}]/u.test(text)) return `\`${text}\``;
    return quote(text, flags.includes("+"));
  },
  d: (value, given) => integer(value, 10, given),
  b: (value, given) => integer(value, 2, given),
  o: (value, given) => integer(value, 8, given),
  x: (value, given) => (typeof value === "string" ? hex(value, given.flags) : integer(value, 16, given)),
  X: (value, given) =>
    (typeof value === "string" ? hex(value, given.flags) : integer(value, 16, given))?.toUpperCase(),
  c: (value) => (isInteger(value) ? String.fromCodePoint(Number(value)) : undefined),
  U: (value) =>
    isInteger(value) ? `U+${Number(value).toString(16).toUpperCase().padStart(4, "0")}` : undefined,
  f: (value, { flags, precision }) => ofFloat(value, flags, (float) => toFixed(float, precision ?? 6)),
  F: (value, given) => verbs.f?.(value, given),
  e: (value, { flags, precision }) =>
    ofFloat(value, flags, (float) => float.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, "e$10$2")),
  g: (value, { flags, precision }) =>
    ofFloat(value, flags, (float) =>
      precision === undefined ? formatFloat(float) : formatG(float, precision),
    ),
  G: (value, given) => verbs.g?.(value, given)?.toUpperCase(),
};

function floatOf(value: unknown): number | undefined {
  if (value instanceof GoFloat) return value.value;
  return typeof value === "number" && !Number.isInteger(value) ? value : undefined;
}

function ofFloat(value: unknown, flags: string, format: (float: number) => string): string | undefined {
  const float = floatOf(value);
  return float === undefined ? undefined : sign(float, flags) + format(float);
}

/** Rounds to even where two are equally near, as Go does; toFixed rounds up. */
function toFixed(value: number, digits: number): string {
  const exact = Math.abs(value).toFixed(Math.min(100, digits + 52));
  const [kept, rest] = [exact.slice(0, exact.length - 52), exact.slice(-52)];
  const isTie = /^50*$/.test(rest) && /[02468]\.?$/.test(kept);
  return isTie ? (value < 0 ? "-" : "") + kept.replace(/\.$/, "") : value.toFixed(digits);
}

function isInteger(value: unknown): boolean {
  return typeof value === "bigint" || Number.isInteger(value);
}

function integer(value: unknown, base: number, { flags, precision }: Directive): string | undefined {
  if (!isInteger(value)) return undefined;
  const prefix = flags.includes("#") ? ({ 16: "0x", 8: "0", 2: "0b" }[base] ?? "") : "";
  const digits = (value as number | bigint).toString(base);
  const negative = digits.startsWith("-");
  const padded = digits.slice(negative ? 1 : 0).padStart(precision ?? 0, "0");
  return (negative ? "-" : sign(1, flags)) + prefix + padded;
}

function sign(value: number, flags: string): string {
  if (value < 0) return "";
  return flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
}

function hex(text: string, flags: string): string {
  const bytes = Buffer.from(text).toString("hex");
  return flags.includes(" ") ? bytes.replace(/..(?!$)/g, "$& ") : bytes;
}

const escapes: Record<string, string> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** strconv.Quote. */
function quote(text: string, asciiOnly = false): string {
  const hidden = asciiOnly ? /["\\]|[^ -~]/gu : /["\\]|[\p{C}\p{Zl}\p{Zp}]/gu;
  const escaped = text.replace(hidden, (char) => {
    if (char === '"' || char === "\\") return `\\${char}`;
    const code = char.codePointAt(0) as number;
    if (escapes[char]) return escapes[char];
    const digits = code.toString(16);
    if (code < 0x80) return `\\x${digits.padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}

function pad(text: string, { flags, width }: Directive): string {
  const missing = Math.abs(width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes("-") || (width ?? 0) < 0) return text + " ".repeat(missing);
  if (!flags.includes("0")) return " ".repeat(missing) + text;
  const [, before = "", digits = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  return before + "0".repeat(missing) + digits;
}
