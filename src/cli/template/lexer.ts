import { TemplateError } from "./error.ts";

export type TokenType =
  | "text"
  | "open"
  | "close"
  | "field"
  | "dot"
  | "variable"
  | "word"
  | "string"
  | "char"
  | "number"
  | "punctuation";

export interface Token {
  type: TokenType;
  /** As written; for text, with trim markers applied. */
  text: string;
  /** Offset in the template. */
  at: number;
  /** Whether white space stands before it: `.A .B` is two operands, `.A.B` one. */
  spaced: boolean;
}

const space = /[ \t\r\n]/;
const patterns: [TokenType, RegExp][] = [
  ["string", /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ["char", /'(?:[^'\\\n]|\\.)+'/y],
  [
    "number",
    /[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y,
  ],
  ["field", /\.[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y],
  ["dot", /\./y],
  ["variable", /\$[\w\u0080-\uffff]*/y],
  ["word", /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y],
  ["punctuation", /:=|[=|(),]/y],
];

/** Splits a template into text and the tokens of its actions. */
export function lex(name: string, source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf("{{", at);
    const textEnd = open === -1 ? source.length : open;
    let text = source.slice(at, textEnd);
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, "");
    const trimBefore = open !== -1 && source[open + 2] === "-" && space.test(source[open + 3] ?? "");
    if (trimBefore) text = text.replace(/[ \t\r\n]+$/, "");
    if (text !== "") tokens.push({ type: "text", text, at, spaced: false });
    if (open === -1) break;
    const inside = open + (trimBefore ? 3 : 2);
    const end = comment(name, source, inside) ?? action(name, source, open, inside, tokens);
    trimNext = source.startsWith("-}}", end);
    at = end + (trimNext ? 3 : 2);
  }
  return tokens;
}

/** Where the comment that begins here closes (at `}}` or `-}}`), or undefined when none begins. */
function comment(name: string, source: string, from: number): number | undefined {
  const start = skipSpace(source, from);
  if (!source.startsWith("/*", start)) return undefined;
  const close = source.indexOf("*/", start + 2);
  if (close === -1) throw TemplateError.parsing(name, source, start, "unclosed comment");
  const after = skipSpace(source, close + 2);
  if (source.startsWith("}}", after) || source.startsWith("-}}", after)) return after;
  throw TemplateError.parsing(name, source, close, "comment ends before closing delimiter");
}

function action(name: string, source: string, open: number, from: number, tokens: Token[]): number {
  tokens.push({ type: "open", text: "{{", at: open, spaced: false });
  let at = from;
  for (;;) {
    const next = skipSpace(source, at);
    const spaced = next > at;
    at = next;
    if (source.startsWith("}}", at) || (spaced && source.startsWith("-}}", at))) {
      tokens.push({ type: "close", text: "}}", at, spaced });
      return at;
    }
    const token = at < source.length ? match(source, at) : undefined;
    if (!token) throw TemplateError.parsing(name, source, at, problem(source, at));
    tokens.push({ ...token, at, spaced });
    at += token.text.length;
  }
}

function match(source: string, at: number): { type: TokenType; text: string } | undefined {
  for (const [type, pattern] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) return { type, text: found[0] };
  }
  return undefined;
}

function problem(source: string, at: number): string {
  const char = source[at];
  if (char === undefined) return "unclosed action";
  if (char === '"') return "unterminated quoted string";
  if (char === "`") return "unterminated raw quoted string";
  if (char === "'") return "unterminated character constant";
  const code = (source.codePointAt(at) as number).toString(16).toUpperCase().padStart(4, "0");
  return `unexpected bad character U+${code} '${char}' in command`;
}

function skipSpace(source: string, from: number): number {
  let at = from;
  while (space.test(source[at] ?? "")) at++;
  return at;
}
