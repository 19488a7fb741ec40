/** Splits a template into text and the tokens of its actions, as Go's text/template does. */

export type TokenType =
  | "text"
  | "open"
  | "close"
  | "space"
  | "field"
  | "dot"
  | "variable"
  | "keyword"
  | "word"
  | "bool"
  | "string"
  | "char"
  | "number"
  | "punctuation"
  | "eof"
  | "error";

export interface Token {
  type: TokenType;
  /** As written; for text, with trim markers applied; for an error, what is wrong. */
  text: string;
  /** Offset in the template. */
  at: number;
}

const keywords = new Set("block break continue define else end if range nil template with".split(" "));

const space = /[ \t\r\n]/;
const wordChar = /[\w\u0080-\uffff]/;
const patterns: [TokenType, RegExp][] = [
  ["space", /[ \t\r\n]+/y],
  ["string", /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ["char", /'(?:[^'\\\n]|\\.)*'/y],
  [
    "number",
    /[+-]?(?:0[xX][\da-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d*)?)i?|[+-]/y,
  ],
  ["field", /\.[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y],
  ["dot", /\./y],
  ["variable", /\$[\w\u0080-\uffff]*/y],
  ["word", /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y],
  ["punctuation", /:=|[!-~]/y],
];

export function lex(source: string): Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    let trimNext = false;
    while (this.#at < this.#source.length) {
      const open = this.#source.indexOf("{{", this.#at);
      const start = this.#at;
      let text = this.#source.slice(start, open === -1 ? undefined : open);
      if (trimNext) text = text.replace(/^[ \t\r\n]+/, "");
      const trimBefore = open !== -1 && this.#source[open + 2] === "-" && this.#isSpace(open + 3);
      if (trimBefore) text = text.replace(/[ \t\r\n]+$/, "");
      if (text !== "") this.#push("text", text, start);
      if (open === -1) break;
      this.#at = open + (trimBefore ? 3 : 2);
      const closed = this.#comment(this.#at + (trimBefore ? 1 : 0)) ?? this.#action(open);
      if (!closed) return this.#tokens;
      trimNext = this.#source.startsWith("-}}", this.#at);
      this.#at += trimNext ? 3 : 2;
    }
    this.#push("eof", "EOF", this.#source.length);
    return this.#tokens;
  }

  /**
   * Goes over a comment to its closing braces; undefined where none begins, false where it is broken. Between comment and
   * braces there is nothing, or a trim marker with its one space.
   */
  #comment(start: number): boolean | undefined {
    if (!this.#source.startsWith("/*", start)) return undefined;
    const close = this.#source.indexOf("*/", start + 2);
    if (close === -1) return this.#fail("unclosed comment", start);
    this.#at = close + 2;
    if (this.#source.startsWith("}}", this.#at)) return true;
    if (!this.#isSpace(this.#at) || !this.#source.startsWith("-}}", this.#at + 1))
      return this.#fail("comment ends before closing delimiter", close);
    this.#at++;
    return true;
  }

  /** Goes over an action to its closing braces; false where it is broken. */
  #action(open: number): boolean {
    this.#push("open", "{{", open);
    let depth = 0;
    for (;;) {
      if (this.#closes()) {
        if (depth > 0) return this.#fail("unclosed left paren");
        this.#push("close", "}}", this.#at);
        return true;
      }
      const problem = this.#token();
      if (problem !== undefined) return this.#fail(problem);
      const text = this.#tokens.at(-1)?.text;
      if (this.#tokens.at(-1)?.type === "punctuation") depth += text === "(" ? 1 : text === ")" ? -1 : 0;
    }
  }

  #closes(): boolean {
    if (this.#source.startsWith("}}", this.#at)) return true;
    return this.#source.startsWith("-}}", this.#at) && this.#isSpace(this.#at - 1);
  }

  /** Takes one token; returns what is wrong with it. */
  #token(): string | undefined {
    if (this.#at >= this.#source.length) return "unclosed action";
    const { type, text } = this.#match();
    if (text === "") return problemAt(this.#source, this.#at);
    if (
      type === "number" &&
      (wordChar.test(this.#next(text)) || /[+-]$/.test(text) || this.#isComplex(text))
    ) {
      const all = /^[+\-\w.]*/.exec(this.#source.slice(this.#at))?.[0];
      return `bad number syntax: ${JSON.stringify(all)}`;
    }
    const terminated = ["field", "dot", "variable", "word"].includes(type);
    if (terminated && !this.#endsAt(this.#at + text.length)) {
      return `bad character ${unicode(this.#next(text))}`;
    }
    if (type === "punctuation" && /^["'`]$/.test(text)) return problemAt(this.#source, this.#at);
    this.#push(wordType(type, text), text, this.#at);
    this.#at += text.length;
    return undefined;
  }

  #match(): { type: TokenType; text: string } {
    for (const [type, pattern] of patterns) {
      pattern.lastIndex = this.#at;
      const found = pattern.exec(this.#source);
      if (!found) continue;
      // White space in front of a trimming close belongs to it no less than to what it follows.
      return { type, text: found[0] };
    }
    return { type: "error", text: "" };
  }

  #next(text: string): string {
    return this.#source[this.#at + text.length] ?? "";
  }

  /** `1+2` can only be the beginning of a complex number. */
  #isComplex(text: string): boolean {
    return /[+-]/.test(this.#next(text));
  }

  /** Whether a name may end here. */
  #endsAt(at: number): boolean {
    const char = this.#source[at];
    return char === undefined || /[ \t\r\n.,|:()]/.test(char) || this.#source.startsWith("}}", at);
  }

  #isSpace(at: number): boolean {
    return space.test(this.#source[at] ?? "");
  }

  #push(type: TokenType, text: string, at: number): void {
    this.#tokens.push({ type, text, at });
  }

  #fail(message: string, at = this.#at): false {
    this.#push("error", message, at);
    return false;
  }
}

function wordType(type: TokenType, text: string): TokenType {
  if (type !== "word") return type;
  if (keywords.has(text)) return "keyword";
  return text === "true" || text === "false" ? "bool" : "word";
}

function problemAt(source: string, at: number): string {
  const char = String.fromCodePoint(source.codePointAt(at) as number);
  if (char === '"') return "unterminated quoted string";
  if (char === "`") return "unterminated raw quoted string";
  if (char === "'") return "unterminated character constant";
  return `unrecognized character in action: ${unicode(char)}`;
}

/** Go's %#U. */
function unicode(char: string): string {
  const code = (char.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
  return `U+${code} '${char}'`;
}
