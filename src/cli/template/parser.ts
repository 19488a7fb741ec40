import { unquote } from "../go-values.ts";
import { lineOf, TemplateError } from "./error.ts";
import { lex, type Token } from "./lexer.ts";
import { type Command, commandText, type Node, type Operand, type Pipe, pipeText } from "./nodes.ts";
import { GoFloat } from "./values.ts";

export interface ParsedTemplate {
  nodes: Node[];
  /** By name: what `define` and `block` made. */
  defined: ReadonlyMap<string, Node[]>;
}

/** Parses a template; `functions` are the names that may be called. */
export function parse(name: string, source: string, functions: ReadonlySet<string>): ParsedTemplate {
  return new Parser(name, source, functions).parse();
}

/** Where a list of nodes ends; at `else` its action is still open. */
type End = "end" | "else" | "eof";

class Parser {
  readonly #name: string;
  readonly #source: string;
  readonly #functions: ReadonlySet<string>;
  readonly #tokens: Token[];
  readonly #defined = new Map<string, Node[]>();
  #position = 0;
  #variables: string[] = ["$"];
  #loops = 0;

  constructor(name: string, source: string, functions: ReadonlySet<string>) {
    this.#name = name;
    this.#source = source;
    this.#functions = functions;
    this.#tokens = lex(source);
  }

  parse(): ParsedTemplate {
    const { nodes, end } = this.#list(true);
    if (end !== "eof") this.#fail(`unexpected {{${end}}}`);
    return { nodes, defined: this.#defined };
  }

  /** Nodes up to `{{end}}`, `{{else` or the end of the template. */
  #list(top = false): { nodes: Node[]; end: End } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next();
      if (token.type === "eof") return { nodes, end: "eof" };
      if (token.type === "text") {
        nodes.push({ kind: "text", text: token.text, at: token.at });
        continue;
      }
      if (token.type === "error") this.#unexpected(token, "input");
      const word = this.#peekWord();
      if (word.type === "keyword" && ["end", "else"].includes(word.text)) {
        this.#nextWord();
        if (word.text === "end") this.#close("end");
        return { nodes, end: word.text as End };
      }
      if (top && word.type === "keyword" && word.text === "define") {
        this.#nextWord();
        this.#define();
        continue;
      }
      nodes.push(this.#action(token));
    }
  }

  #action(open: Token): Node {
    const word = this.#peekWord();
    if (word.type === "keyword") {
      switch (word.text) {
        case "if":
        case "with":
        case "range":
          this.#nextWord();
          return this.#branch(word.text, open);
        case "break":
        case "continue":
          this.#nextWord();
          if (this.#peekWord().type !== "close") this.#unexpected(this.#nextWord(), `{{${word.text}}}`);
          this.#nextWord();
          if (this.#loops === 0) this.#fail(`{{${word.text}}} outside {{range}}`);
          return { kind: word.text, at: open.at, text: `{{${word.text}}}` };
        case "template":
          this.#nextWord();
          return this.#template();
        case "block":
          this.#nextWord();
          return this.#block();
      }
    }
    const pipe = this.#pipe("command");
    return { kind: "action", pipe, at: open.at, text: `{{${pipe.text}}}` };
  }

  #branch(kind: "if" | "with" | "range", open: Token): Node {
    const scope = this.#variables.length;
    const pipe = this.#pipe(kind);
    if (kind === "range") this.#loops++;
    const body = this.#list();
    if (kind === "range") this.#loops--;
    const otherwise = body.end === "else" ? this.#otherwise(kind, open) : [];
    if (body.end === "eof") this.#fail("unexpected EOF");
    this.#variables.length = scope;
    return { kind, pipe, body: body.nodes, otherwise, at: open.at, text: `{{${kind} ${pipe.text}}}` };
  }

  #otherwise(kind: string, open: Token): Node[] {
    // `{{else if}}` is an if inside the else, and shares its {{end}}; likewise with.
    const word = this.#peekWord();
    if (word.type === "keyword" && kind !== "range" && word.text === kind) {
      this.#nextWord();
      return [this.#branch(kind as "if" | "with", open)];
    }
    this.#close("else");
    const { nodes, end } = this.#list();
    if (end === "else") this.#fail("expected end; found {{else}}");
    if (end === "eof") this.#fail("unexpected EOF");
    return nodes;
  }

  #template(): Node {
    const { at } = this.#peekWord();
    const name = this.#templateName("template clause");
    let pipe: Pipe | undefined;
    if (this.#peekWord().type === "close") this.#nextWord();
    else pipe = this.#pipe("template clause");
    const text = `{{template ${JSON.stringify(name)}${pipe ? ` ${pipe.text}` : ""}}}`;
    return { kind: "template", name, pipe, at, text };
  }

  #block(): Node {
    const { at } = this.#peekWord();
    const name = this.#templateName("block clause");
    const pipe = this.#pipe("block clause");
    this.#body(name);
    return {
      kind: "template",
      name,
      pipe,
      at,
      text: `{{template ${JSON.stringify(name)} ${pipe.text}}}`,
    };
  }

  #define(): void {
    const name = this.#templateName("define clause");
    this.#close("define clause");
    this.#body(name);
  }

  /** Its variables and loops are its own. */
  #body(name: string): void {
    const [variables, loops] = [this.#variables, this.#loops];
    this.#variables = ["$"];
    this.#loops = 0;
    const { nodes, end } = this.#list();
    if (end === "eof") this.#fail("unexpected EOF");
    if (end === "else") this.#fail("unexpected {{else}} in define clause");
    this.#variables = variables;
    this.#loops = loops;
    if (!isEmpty(nodes) && !isEmpty(this.#defined.get(name) ?? []))
      this.#fail(`template: multiple definition of template ${JSON.stringify(name)}`);
    if (!this.#defined.has(name) || !isEmpty(nodes)) this.#defined.set(name, nodes);
  }

  #templateName(context: string): string {
    const token = this.#nextWord();
    if (token.type !== "string") this.#unexpected(token, context);
    return this.#unquote(token.text);
  }

  /** Up to the closing braces, or in parentheses, the closing parenthesis. */
  #pipe(context: string, closing: "}}" | ")" = "}}"): Pipe {
    const at = this.#peekWord().at;
    const { variables, assign } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#nextWord();
      if (closing === ")" ? this.#is(token, ")") : token.type === "close") {
        this.#checkPipe(commands, context);
        this.#variables.push(...variables);
        const pipe = { variables, assign, commands, at };
        return { ...pipe, text: pipeText(pipe) };
      }
      if (!this.#startsOperand(token)) this.#unexpected(token, context);
      this.#position--;
      commands.push(this.#command());
    }
  }

  #startsOperand(token: Token): boolean {
    if (this.#is(token, "(")) return true;
    if (token.type === "keyword") return token.text === "nil";
    return ["bool", "char", "dot", "field", "number", "string", "variable", "word"].includes(token.type);
  }

  #checkPipe(commands: Command[], context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    commands.forEach(({ operands: [first] }, stage) => {
      if (stage > 0 && ["literal", "dot", "nil"].includes(first.kind)) {
        this.#fail(`non executable command in pipeline stage ${stage + 1}`);
      }
    });
  }

  #declarations(context: string): { variables: string[]; assign: boolean } {
    const start = this.#position;
    const variables: string[] = [];
    while (this.#peekWord().type === "variable") {
      variables.push(this.#nextWord().text);
      const after = this.#peekWord();
      if (this.#is(after, ":=") || this.#is(after, "=")) {
        this.#nextWord();
        const assign = after.text === "=";
        return { variables, assign };
      }
      if (!this.#is(after, ",")) break;
      this.#nextWord();
      if (context !== "range" || variables.length >= 2) this.#fail(`too many declarations in ${context}`);
      const next = this.#peekWord();
      if (next.type === "close") return { variables, assign: false };
      if (next.type !== "variable") this.#fail("range can only initialize variables");
    }
    this.#position = start;
    return { variables: [], assign: false };
  }

  #command(): Command {
    const at = this.#peekWord().at;
    const operands: Operand[] = [];
    for (;;) {
      const operand = this.#operand();
      if (operand) operands.push(operand);
      const token = this.#next();
      if (token.type === "space") continue;
      if (token.type === "close" || this.#is(token, ")")) this.#position--;
      else if (!this.#is(token, "|")) this.#unexpected(token, "operand");
      break;
    }
    if (operands.length === 0) this.#fail("empty command");
    return { operands: operands as [Operand, ...Operand[]], at, text: commandText(operands) };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (!term || this.#peek().type !== "field") return term;
    const at = this.#peek().at;
    const names: string[] = [];
    while (this.#peek().type === "field") names.push(this.#next().text.slice(1));
    const text = `.${names.join(".")}`;
    switch (term.kind) {
      case "field":
      case "variable":
        // Go tells the place of the second field.
        return { ...term, names: [...term.names, ...names], at, text: term.text + text };
      case "literal":
      case "nil":
      case "dot":
        return this.#fail(`unexpected . after term ${JSON.stringify(term.text)}`);
      default: {
        const of = term.kind === "pipe" ? `(${term.text})` : term.text;
        return { kind: "chain", of: term, names, at, text: of + text };
      }
    }
  }

  #term(): Operand | undefined {
    const token = this.#nextWord();
    const { text, at } = token;
    switch (token.type) {
      case "field":
        return { kind: "field", names: [text.slice(1)], at, text };
      case "variable":
        this.#known(text);
        return { kind: "variable", name: text, names: [], at, text };
      case "dot":
        return { kind: "dot", at, text };
      case "bool":
        return { kind: "literal", value: text === "true", at, text };
      case "word":
        if (!this.#functions.has(text)) this.#fail(`function ${JSON.stringify(text)} not defined`);
        return { kind: "function", name: text, at, text };
      case "string":
        return { kind: "literal", value: this.#unquote(text), at, text };
      case "char":
        return { kind: "literal", value: this.#char(text), at, text };
      case "number":
        return { kind: "literal", value: this.#number(text), at, text };
    }
    if (token.type === "keyword" && text === "nil") return { kind: "nil", at, text };
    if (this.#is(token, "(")) {
      const pipe = this.#pipe("parenthesized pipeline", ")");
      return { kind: "pipe", pipe, at: pipe.at, text: pipe.text };
    }
    this.#position--;
    return undefined;
  }

  #known(variable: string): void {
    if (!this.#variables.includes(variable)) this.#fail(`undefined variable ${JSON.stringify(variable)}`);
  }

  #unquote(text: string): string {
    try {
      return unquote(text);
    } catch {
      return this.#fail("invalid syntax");
    }
  }

  #char(text: string): number {
    const chars = [...this.#unquote(text)];
    if (chars.length === 0) this.#fail("invalid syntax");
    if (chars.length !== 1) this.#fail(`malformed character constant: ${text}`);
    return chars[0]?.codePointAt(0) as number;
  }

  #number(text: string): number | GoFloat {
    const negative = text.startsWith("-");
    const digits = text.replace(/^[+-]/, "").replaceAll("_", "");
    const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
    if (Number.isNaN(value) || /^0[89]/.test(digits))
      this.#fail(`illegal number syntax: ${JSON.stringify(text)}`);
    if (/^\d+$/.test(digits) && value >= 2 ** 64) this.#fail(`integer overflow: ${JSON.stringify(text)}`);
    const signed = negative ? -value : value;
    return /^[^xX]*[.eE]/.test(digits) ? new GoFloat(signed) : signed;
  }

  #close(context: string): void {
    const token = this.#nextWord();
    if (token.type !== "close") this.#unexpected(token, context);
  }

  #is(token: Token, punctuation: string): boolean {
    return token.type === "punctuation" && token.text === punctuation;
  }

  #peek(): Token {
    const last = this.#tokens.at(-1) as Token;
    return this.#tokens[this.#position] ?? last;
  }

  #next(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }

  /** Past white space. */
  #peekWord(): Token {
    while (this.#peek().type === "space") this.#position++;
    return this.#peek();
  }

  #nextWord(): Token {
    this.#peekWord();
    return this.#next();
  }

  #unexpected(token: Token, context: string): never {
    return this.#fail(token.type === "error" ? token.text : `unexpected ${shown(token)} in ${context}`);
  }

  #fail(message: string): never {
    const last = this.#tokens[Math.min(this.#position, this.#tokens.length) - 1];
    throw TemplateError.parsing(this.#name, lineOf(this.#source, last?.at ?? 0), message);
  }
}

/** A token as Go's errors quote it. */
function shown({ type, text }: Token): string {
  if (type === "eof") return "EOF";
  if (type === "keyword" || type === "dot") return `<${text}>`;
  const chars = [...text];
  return chars.length > 10 ? `${JSON.stringify(chars.slice(0, 10).join(""))}...` : JSON.stringify(text);
}

/** Templates of nothing but white space may be defined again. */
function isEmpty(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === "text" && node.text.trim() === "");
}
