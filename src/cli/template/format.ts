import { formatG } from "../units.ts";
import { entriesOf, GoValue, isObject, isStruct, typeName } from "./values.ts";

/** A value as `{{.X}}` prints it. */
export function printValue(value: unknown): string {
  return value === undefined ? "<no value>" : formatValue(value);
}

/** Go's %v. */
export function formatValue(value: unknown, withFieldNames = false): string {
  const inner = (item: unknown) => formatValue(item, withFieldNames);
  if (value === undefined || value === null) return "<nil>";
  if (typeof value === "number") return formatNumber(value);
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

function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < 1e21) return String(value);
  // The shortest digits that read back the same, with Go's two-digit exponent.
  return String(value) === "NaN"
    ? "NaN"
    : formatG(value, value.toExponential().replace(/e.*|[.-]/g, "").length);
}

/** encoding/json without HTML escapes: maps sorted by key, structs in the order of their fields. */
export function toJson(value: unknown): string {
  return JSON.stringify(plain(value)) ?? "null";
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (isObject(value) && !(value instanceof GoValue)) {
    return Object.fromEntries(entriesOf(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

interface Directive {
  flags: string;
  width: number | undefined;
  precision: number | undefined;
  verb: string;
}

/** fmt.Sprintf, for the verbs that templates use. */
export function sprintf(format: string, args: readonly unknown[]): string {
  const rest = [...args];
  const size = (text: string | undefined): number | undefined => {
    if (text === undefined || text === "") return undefined;
    return text === "*" ? Number(rest.shift()) : Number(text);
  };
  const result = format.replace(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?([%a-zA-Z])?/g,
    (
      _whole,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      verb: string | undefined,
    ) => {
      if (verb === undefined) return "%!(NOVERB)";
      if (verb === "%") return "%";
      const directive: Directive = {
        flags,
        width: size(width),
        precision: precision === "" ? 0 : size(precision),
        verb,
      };
      if (rest.length === 0) return `%!${verb}(MISSING)`;
      return pad(formatVerb(directive, rest.shift()), directive);
    },
  );
  if (rest.length === 0) return result;
  return `${result}%!(EXTRA ${rest.map((arg) => `${typeName(arg)}=${formatValue(arg)}`).join(", ")})`;
}

function formatVerb(directive: Directive, value: unknown): string {
  if (Array.isArray(value) && !"vTp".includes(directive.verb)) {
    return `[${value.map((item) => formatVerb(directive, item)).join(" ")}]`;
  }
  const text = verbs[directive.verb]?.(value, directive);
  return text ?? `%!${directive.verb}(${typeName(value)}=${formatValue(value)})`;
}

const verbs: Record<string, (value: unknown, directive: Directive) => string | undefined> = {
  v: (value, { flags }) => {
    if (flags.includes("#") && typeof value === "string") return JSON.stringify(value);
    return formatValue(value, flags.includes("+"));
  },
  T: (value) => typeName(value),
  t: (value) => (typeof value === "boolean" ? String(value) : undefined),
  s: (value, { precision }) => {
    if (typeof value === "number" || typeof value === "boolean") return undefined;
    if (value === undefined || value === null) return "%!s(<nil>)";
    const text = formatValue(value);
    return precision === undefined ? text : [...text].slice(0, precision).join("");
  },
  q: (value) => {
    if (isInteger(value)) return `'${String.fromCodePoint(Number(value))}'`;
    return typeof value === "string" || value instanceof GoValue ? JSON.stringify(String(value)) : undefined;
  },
  d: (value, { flags }) => integer(value, 10, flags),
  b: (value, { flags }) => integer(value, 2, flags),
  o: (value, { flags }) => integer(value, 8, flags),
  x: (value, { flags }) => (typeof value === "string" ? hex(value) : integer(value, 16, flags)),
  X: (value, { flags }) =>
    (typeof value === "string" ? hex(value) : integer(value, 16, flags))?.toUpperCase(),
  c: (value) => (isInteger(value) ? String.fromCodePoint(Number(value)) : undefined),
  U: (value) =>
    isInteger(value) ? `U+${Number(value).toString(16).toUpperCase().padStart(4, "0")}` : undefined,
  f: (value, { flags, precision }) =>
    typeof value === "number" ? sign(value, flags) + value.toFixed(precision ?? 6) : undefined,
  F: (value, directive) => verbs.f?.(value, directive),
  e: (value, { precision }) =>
    typeof value === "number"
      ? value.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, "e$10$2")
      : undefined,
  g: (value, { precision }) => {
    if (typeof value !== "number") return undefined;
    return precision === undefined ? formatNumber(value) : formatG(value, precision);
  },
};

function isInteger(value: unknown): boolean {
  return typeof value === "bigint" || Number.isInteger(value);
}

function integer(value: unknown, base: number, flags: string): string | undefined {
  if (!isInteger(value)) return undefined;
  const prefix = flags.includes("#") ? ({ 16: "0x", 8: "0", 2: "0b" }[base] ?? "") : "";
  const digits = (value as number | bigint).toString(base);
  if (digits.startsWith("-")) return `-${prefix}${digits.slice(1)}`;
  return sign(1, flags) + prefix + digits;
}

function sign(value: number, flags: string): string {
  if (value < 0) return "";
  return flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
}

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

function pad(text: string, { flags, width, verb }: Directive): string {
  const missing = Math.abs(width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes("-") || (width ?? 0) < 0) return text + " ".repeat(missing);
  if (!flags.includes("0") || verb === "s" || verb === "v" || verb === "q") return " ".repeat(missing) + text;
  const [, before = "", digits = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  return before + "0".repeat(missing) + digits;
}
