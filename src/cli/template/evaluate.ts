import { TemplateError } from "./error.ts";
import { printValue } from "./format.ts";
import { functions } from "./functions.ts";
import { type Node, type Operand, type Pipe, parse } from "./parser.ts";
import { entriesOf, isObject, isStruct, isTrue, typeName } from "./values.ts";

/** `and` and `or` stop at the argument that decides, so they are not plain functions. */
const shortCircuit = new Set(["and", "or"]);
const functionNames = new Set([...Object.keys(functions), ...shortCircuit]);

/** A parsed template (Go's text/template). Text is not escaped. */
export class Template {
  readonly #name: string;
  readonly #source: string;
  readonly #nodes: Node[];

  /** `name` is the one that errors tell. */
  constructor(name: string, source: string) {
    this.#name = name;
    this.#source = source;
    this.#nodes = parse(name, source, functionNames);
  }

  execute(data: unknown): string {
    return new Execution(this.#name, this.#source, data).run(this.#nodes);
  }
}

class Break extends Error {}
class Continue extends Error {}

/** No value is piped in. */
const nothing = Symbol("nothing");

class Execution {
  readonly #name: string;
  readonly #source: string;
  readonly #variables: { name: string; value: unknown }[];
  readonly #root: unknown;
  #out = "";

  constructor(name: string, source: string, data: unknown) {
    this.#name = name;
    this.#source = source;
    this.#root = data;
    this.#variables = [{ name: "$", value: data }];
  }

  run(nodes: Node[]): string {
    this.#walk(nodes, this.#root);
    return this.#out;
  }

  #walk(nodes: Node[], dot: unknown): void {
    for (const node of nodes) this.#node(node, dot);
  }

  #node(node: Node, dot: unknown): void {
    switch (node.kind) {
      case "text":
        this.#out += node.text;
        break;
      case "action": {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#out += printValue(value);
        break;
      }
      case "break":
        throw new Break();
      case "continue":
        throw new Continue();
      case "range":
        this.#scoped(() => this.#range(node, dot));
        break;
      default:
        this.#scoped(() => {
          const value = this.#pipe(node.pipe, dot);
          const inner = node.kind === "with" ? value : dot;
          if (isTrue(value)) this.#walk(node.body, inner);
          else this.#walk(node.otherwise, dot);
        });
    }
  }

  #scoped(run: () => void): void {
    const size = this.#variables.length;
    try {
      run();
    } finally {
      this.#variables.length = size;
    }
  }

  #range(node: Node & { kind: "if" | "with" | "range" }, dot: unknown): void {
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot);
    const items = this.#items(node.pipe, value);
    if (items.length === 0) this.#walk(node.otherwise, dot);
    for (const [key, item] of items) {
      try {
        this.#scoped(() => {
          const names = node.pipe.variables;
          const values = names.length === 2 ? [key, item] : [item];
          names.forEach((name, position) => {
            this.#setVariable(name, values[position], node.pipe.assign);
          });
          this.#walk(node.body, item);
        });
      } catch (error) {
        if (error instanceof Break) break;
        if (!(error instanceof Continue)) throw error;
      }
    }
  }

  #items(pipe: Pipe, value: unknown): [unknown, unknown][] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return [...value.entries()];
    if (isObject(value)) return entriesOf(value);
    if (typeof value === "number" && Number.isInteger(value)) {
      return Array.from({ length: Math.max(value, 0) }, (_, position) => [position, position]);
    }
    const operand = pipe.commands[0]?.[0] as Operand;
    throw this.#error(operand, `range can't iterate over ${printValue(value)}`);
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    let value: unknown = nothing;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    for (const name of pipe.variables) this.#setVariable(name, value, pipe.assign);
    return value;
  }

  #setVariable(name: string, value: unknown, assign: boolean): void {
    const known = assign && this.#variables.findLast((variable) => variable.name === name);
    if (known) known.value = value;
    else this.#variables.push({ name, value });
  }

  #command(command: Operand[], dot: unknown, piped: unknown): unknown {
    const [first, ...rest] = command as [Operand, ...Operand[]];
    if (first.kind === "function") return this.#call(first, first.name, rest, dot, piped);
    const hasArgs = rest.length > 0 || piped !== nothing;
    if (first.kind === "nil") throw this.#error(first, "nil is not a command");
    if (!hasArgs) return this.#value(first, dot);
    if (first.kind === "dot" || first.kind === "literal") {
      throw this.#error(first, `can't give argument to non-function ${first.text}`);
    }
    const args = rest.map((operand) => this.#value(operand, dot));
    return this.#value(first, dot, piped === nothing ? args : [...args, piped]);
  }

  #call(place: Operand, name: string, operands: Operand[], dot: unknown, piped: unknown): unknown {
    if (shortCircuit.has(name)) return this.#decide(place, name, operands, dot, piped);
    const args = operands.map((operand) => this.#value(operand, dot));
    if (piped !== nothing) args.push(piped);
    const run = functions[name] as (...args: unknown[]) => unknown;
    if (args.length < run.length) {
      throw this.#error(place, `wrong number of args for ${name}: want ${run.length} got ${args.length}`);
    }
    try {
      return run(...args);
    } catch (error) {
      throw this.#error(place, `error calling ${name}: ${(error as Error).message}`);
    }
  }

  #decide(place: Operand, name: string, operands: Operand[], dot: unknown, piped: unknown): unknown {
    if (operands.length === 0 && piped === nothing) {
      throw this.#error(place, `wrong number of args for ${name}: want at least 1 got 0`);
    }
    let value: unknown;
    for (const operand of operands) {
      value = this.#value(operand, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped === nothing ? value : piped;
  }

  /** `args` go to the last field, which then is a method. */
  #value(operand: Operand, dot: unknown, args: unknown[] = []): unknown {
    switch (operand.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "literal":
        return operand.value;
      case "function":
        return this.#call(operand, operand.name, [], dot, nothing);
      case "field":
        return this.#fields(operand, dot, operand.names, args);
      case "variable": {
        const variable = this.#variables.findLast(({ name }) => name === operand.name);
        return this.#fields(operand, variable?.value, operand.names, args);
      }
      case "pipe":
        return this.#fields(operand, this.#pipe(operand.pipe, dot), operand.names, args);
    }
  }

  #fields(operand: Operand, start: unknown, names: string[], args: unknown[]): unknown {
    if (names.length === 0 && args.length > 0) {
      throw this.#error(operand, `can't give argument to non-function ${operand.text}`);
    }
    return names.reduce<unknown>((value, name, position) => {
      const last = position === names.length - 1;
      return this.#field(operand, value, name, last ? args : []);
    }, start);
  }

  #field(operand: Operand, receiver: unknown, name: string, args: unknown[]): unknown {
    if (receiver === undefined) return undefined;
    if (receiver === null) throw this.#error(operand, `nil pointer evaluating interface {}.${name}`);
    const value = lookUp(receiver, name);
    if (value === missing) {
      throw this.#error(operand, `can't evaluate field ${name} in type ${typeName(receiver)}`);
    }
    if (typeof value === "function") return value.apply(receiver, args);
    if (args.length > 0) {
      throw this.#error(operand, `${name} has arguments but cannot be invoked as function`);
    }
    return value;
  }

  #error(operand: Operand, message: string): TemplateError {
    return TemplateError.executing(this.#name, this.#source, operand.at, operand.text, message);
  }
}

const missing = Symbol("missing");

function lookUp(receiver: unknown, name: string): unknown {
  if (receiver instanceof Map) return receiver.get(name);
  if (!isObject(receiver)) return missing;
  if (Object.hasOwn(receiver, name)) return receiver[name];
  // Methods of classes such as GoTime, but nothing of what every object has.
  if (name in receiver && !(name in Object.prototype)) return receiver[name];
  const isPlain = Object.getPrototypeOf(receiver) === Object.prototype;
  return isPlain && !isStruct(receiver) ? undefined : missing;
}
