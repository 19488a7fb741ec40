/** Values in the spelling of Go's strconv, with their errors, as Podman's flags take them. */

import { goBool } from "../oci/go-bool.ts";

export function parseGoBool(text: string): boolean {
  const value = goBool(text);
  if (value === undefined) throw syntaxError("ParseBool", text);
  return value;
}

export function parseGoInt(text: string): number {
  return parseInteger("ParseInt", text, /^[+-]?(\d[\d_]*|0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)$/);
}

export function parseGoUint(text: string): number {
  return parseInteger("ParseUint", text, /^(\d[\d_]*|0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)$/);
}

function parseInteger(name: string, text: string, pattern: RegExp): number {
  if (!pattern.test(text)) throw syntaxError(name, text);
  const negative = text.startsWith("-");
  const digits = text.replace(/^[+-]/, "").replaceAll("_", "");
  // Base 0, as pflag has it: a leading zero means octal.
  const value = /^0\d/.test(digits)
    ? /^[0-7]+$/.test(digits)
      ? Number.parseInt(digits, 8)
      : Number.NaN
    : Number(digits);
  if (Number.isNaN(value)) throw syntaxError(name, text);
  if (value > Number.MAX_SAFE_INTEGER)
    throw new Error(`strconv.${name}: parsing ${quote(text)}: value out of range`);
  return negative ? -value : value;
}

function syntaxError(name: string, text: string): Error {
  return new Error(`strconv.${name}: parsing ${quote(text)}: invalid syntax`);
}

function quote(text: string): string {
  return JSON.stringify(text);
}

const escapes: Record<string, string> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** The text of a Go literal: "…" or '…' with escapes, or `…` as it is. */
export function unquote(literal: string): string {
  const inner = literal.slice(1, -1);
  if (literal.startsWith("`")) return inner;
  return inner.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gsu,
    (_all, hex?: string, short?: string, long?: string, octal?: string, char?: string) => {
      const code = hex ?? short ?? long;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const escaped = escapes[char as string];
      if (escaped === undefined) throw new Error(`invalid syntax`);
      return escaped;
    },
  );
}
