import { unquote } from "../go-values.ts";
import { TemplateError } from "./error.ts";
import { lex, type Token } from "./lexer.ts";

interface Place {
  at: number;
  /** As written, for errors. */
  text: string;
}

export type Operand = Place &
  (
    | { kind: "dot" | "nil" }
    | { kind: "field"; names: string[] }
    | { kind: "variable"; name: string; names: string[] }
    | { kind: "literal"; value: string | number | boolean }
    | { kind: "function"; name: string }
    | { kind: "pipe"; pipe: Pipe; names: string[] }
  );

export interface Pipe {
  /** Variables of `$k, $v := …`. */
  variables: string[];
  /** `=` instead of `:=`. */
  assign: boolean;
  /** What the pipe passes on from one to the next: operands, the first of which may be a function. */
  commands: Operand[][];
}

export type Node =
  | { kind: "text"; text: string }
  | { kind: "action"; pipe: Pipe }
  | { kind: "if" | "with" | "range"; pipe: Pipe; body: Node[]; otherwise: Node[] }
  | { kind: "break" | "continue" };

const keywords = new Set([
  "if",
  "else",
  "end",
  "range",
  "with",
  "break",
  "continue",
  "define",
  "template",
  "block",
]);

/** Parses a template; `functions` are the names that may be called. */
export function parse(name: string, source: string, functions: ReadonlySet<string>): Node[] {
  return new Parser(name, source, functions).parse();
}

class Parser {
  readonly #name: string;
  readonly #source: string;
  readonly #functions: ReadonlySet<string>;
  readonly #tokens: Token[];
  #position = 0;
  #variables: string[] = ["$"];
  #loops = 0;

  constructor(name: string, source: string, functions: ReadonlySet<string>) {
    this.#name = name;
    this.#source = source;
    this.#functions = functions;
    this.#tokens = lex(name, source);
  }

  parse(): Node[] {
    const { nodes, end } = this.#list();
    if (end) this.#fail(`unexpected {{${end}}}`);
    return nodes;
  }

  /** Nodes up to `{{end}}` or `{{else`, whose keyword is returned (for else, its action is still open). */
  #list(): { nodes: Node[]; end: "end" | "else" | undefined } {
    const nodes: Node[] = [];
    for (let token = this.#next(); token; token = this.#next()) {
      if (token.type === "text") {
        nodes.push({ kind: "text", text: token.text });
        continue;
      }
      const word = this.#peek();
      if (word.type !== "word" || !keywords.has(word.text)) {
        const pipe = this.#pipe("command", true);
        this.#close("command");
        nodes.push({ kind: "action", pipe });
        continue;
      }
      this.#next();
      if (word.text === "end") {
        this.#close("end");
        return { nodes, end: "end" };
      }
      if (word.text === "else") return { nodes, end: "else" };
      nodes.push(this.#control(word));
    }
    return { nodes, end: undefined };
  }

  #control(word: Token): Node {
    switch (word.text) {
      case "if":
      case "with":
      case "range":
        return this.#branch(word.text);
      case "break":
      case "continue":
        if (this.#loops === 0) this.#fail(`{{${word.text}}} outside {{range}}`);
        this.#close(word.text);
        return { kind: word.text };
      default:
        return this.#fail(`{{${word.text}}} is not supported`);
    }
  }

  #branch(kind: "if" | "with" | "range"): Node {
    const scope = this.#variables.length;
    const pipe = this.#pipe(kind, false);
    this.#close(kind);
    if (kind === "range") this.#loops++;
    const body = this.#list();
    if (kind === "range") this.#loops--;
    let otherwise: Node[] = [];
    if (body.end === "else") otherwise = this.#otherwise(kind);
    else if (!body.end) this.#fail("unexpected EOF");
    this.#variables.length = scope;
    return { kind, pipe, body: body.nodes, otherwise };
  }

  #otherwise(kind: string): Node[] {
    const word = this.#peek();
    // `{{else if}}` is an if inside the else, and shares its {{end}}.
    if (word.type === "word" && (word.text === "if" || word.text === "with") && word.text === kind) {
      this.#next();
      return [this.#branch(word.text)];
    }
    this.#close("else");
    const { nodes, end } = this.#list();
    if (end === "else") this.#fail("expected end; found {{else}}");
    if (!end) this.#fail("unexpected EOF");
    return nodes;
  }

  #pipe(context: string, nested: boolean): Pipe {
    const pipe: Pipe = { variables: [], assign: false, commands: [] };
    this.#declarations(pipe, context);
    for (;;) {
      const command = this.#command();
      if (command.length === 0) {
        if (pipe.commands.length > 0) this.#fail(`missing value for ${nested ? "command" : context}`);
        this.#fail(
          this.#peek().type === "close" ? `missing value for ${context}` : this.#unexpected(context),
        );
      }
      if (pipe.commands.length > 0 && ["literal", "dot", "nil"].includes(command[0]?.kind as string)) {
        this.#fail(`non executable command in pipeline stage ${pipe.commands.length + 1}`);
      }
      pipe.commands.push(command);
      if (!this.#is("|")) break;
      this.#next();
    }
    if (!pipe.assign) this.#variables.push(...pipe.variables);
    return pipe;
  }

  #declarations(pipe: Pipe, context: string): void {
    const start = this.#position;
    const names: string[] = [];
    while (this.#peek().type === "variable") {
      names.push((this.#next() as Token).text);
      if (!this.#is(",")) break;
      this.#next();
    }
    if (names.length === 0 || !(this.#is(":=") || this.#is("="))) {
      this.#position = start;
      return;
    }
    if (names.length > 2 || (names.length === 2 && context !== "range")) {
      this.#fail(`too many declarations in ${context}`);
    }
    pipe.assign = (this.#next() as Token).text === "=";
    pipe.variables = names;
    for (const name of pipe.assign ? names : []) this.#known(name);
  }

  #command(): Operand[] {
    const operands: Operand[] = [];
    for (;;) {
      const operand = this.#operand();
      if (!operand) return operands;
      operands.push(operand);
    }
  }

  #operand(): Operand | undefined {
    const token = this.#peek();
    const place = { at: token.at, text: token.text };
    switch (token.type) {
      case "field":
        return this.#chain({ ...place, kind: "field", names: [] });
      case "variable":
        this.#next();
        this.#known(token.text);
        return this.#chain({ ...place, kind: "variable", name: token.text, names: [] });
      case "dot":
        this.#next();
        return { ...place, kind: "dot" };
      case "word":
        this.#next();
        return this.#word(token, place);
      case "string":
        this.#next();
        return { ...place, kind: "literal", value: this.#unquote(token.text) };
      case "char":
        this.#next();
        return { ...place, kind: "literal", value: this.#unquote(token.text).codePointAt(0) as number };
      case "number":
        this.#next();
        return { ...place, kind: "literal", value: this.#number(token.text) };
      default:
        return this.#is("(") ? this.#parenthesised(place) : undefined;
    }
  }

  #word(token: Token, place: Place): Operand {
    if (token.text === "true" || token.text === "false") {
      return { ...place, kind: "literal", value: token.text === "true" };
    }
    if (token.text === "nil") return { ...place, kind: "nil" };
    if (!this.#functions.has(token.text)) this.#fail(`function "${token.text}" not defined`);
    return { ...place, kind: "function", name: token.text };
  }

  #parenthesised(place: Place): Operand {
    this.#next();
    const pipe = this.#pipe("parenthesized pipeline", true);
    if (!this.#is(")")) this.#fail("unclosed left paren");
    this.#next();
    const inside = this.#tokens[this.#position - 1] as Token;
    return this.#chain({
      at: place.at,
      text: this.#source.slice(place.at, inside.at + 1),
      kind: "pipe",
      pipe,
      names: [],
    });
  }

  /** Adds the fields that follow without a space: `.A.B`, `$x.A`, `(…).A`. */
  #chain<T extends Operand & { names: string[] }>(operand: T): T {
    let token = this.#peek();
    while (
      token.type === "field" &&
      (!token.spaced || (operand.kind === "field" && operand.names.length === 0))
    ) {
      this.#next();
      operand.names.push(token.text.slice(1));
      // Go tells the place of the last field.
      if (operand.names.length > 1 || operand.kind !== "field") {
        operand.text += token.text;
        operand.at = token.at;
      }
      token = this.#peek();
    }
    return operand;
  }

  #known(variable: string): void {
    if (!this.#variables.includes(variable)) this.#fail(`undefined variable "${variable}"`);
  }

  #unquote(text: string): string {
    try {
      return unquote(text);
    } catch {
      return this.#fail("invalid syntax");
    }
  }

  #number(text: string): number {
    const negative = text.startsWith("-");
    const digits = text.replace(/^[+-]/, "").replaceAll("_", "");
    const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
    if (Number.isNaN(value)) this.#fail(`bad number syntax: "${text}"`);
    return negative ? -value : value;
  }

  #close(context: string): void {
    if (this.#peek().type !== "close") this.#fail(this.#unexpected(context));
    this.#next();
  }

  #unexpected(context: string): string {
    const token = this.#peek();
    return `unexpected ${token.type === "close" ? "}}" : JSON.stringify(token.text)} in ${context}`;
  }

  #is(punctuation: string): boolean {
    const token = this.#peek();
    return token.type === "punctuation" && token.text === punctuation;
  }

  #peek(): Token {
    return (
      this.#tokens[this.#position] ?? { type: "close", text: "", at: this.#source.length, spaced: false }
    );
  }

  #next(): Token | undefined {
    return this.#tokens[this.#position++];
  }

  #fail(message: string): never {
    const token = this.#tokens[Math.min(this.#position, this.#tokens.length - 1)];
    throw TemplateError.parsing(this.#name, this.#source, token?.at ?? 0, message);
  }
}
