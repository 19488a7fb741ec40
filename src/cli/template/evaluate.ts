import { TemplateError } from "./error.ts";
import { printValue } from "./format.ts";
import { functionNames, functions, type TemplateFunction } from "./functions.ts";
import type { Command, Node, Operand, Pipe } from "./nodes.ts";
import { type ParsedTemplate, parse } from "./parser.ts";
import { GoValue } from "./time.ts";
import {
  entriesOf,
  type Field,
  goType,
  isNil,
  isObject,
  isStruct,
  isTrue,
  NilPointer,
  typeName,
} from "./values.ts";

/** A parsed template (Go's text/template). Text is not escaped. */
export class Template {
  readonly #name: string;
  readonly #source: string;
  readonly #parsed: ParsedTemplate;

  /** `name` is the one that errors tell. */
  constructor(name: string, source: string) {
    this.#name = name;
    this.#source = source;
    this.#parsed = parse(name, source, functionNames);
  }

  execute(data: unknown): string {
    return new Execution(this.#name, this.#source, this.#parsed).run(data);
  }
}

class Break extends Error {}
class Continue extends Error {}

/** No value is piped in. */
const nothing = Symbol("nothing");

/** What errors point to. */
type Place = { at: number; text: string };

/** How many templates may call each other; Go has more stack. */
const deepest = 1000;

class Execution {
  readonly #name: string;
  readonly #source: string;
  readonly #parsed: ParsedTemplate;
  #variables: { name: string; value: unknown }[] = [];
  #place: Place = { at: 0, text: "" };
  #depth = 0;
  /** The name of the one that is being executed. */
  #within: string;
  #out = "";
  /** Items of a list of any type: Go then doesn't say what type they are of. */
  readonly #boxed = new WeakSet<object>();

  constructor(name: string, source: string, parsed: ParsedTemplate) {
    this.#name = name;
    this.#source = source;
    this.#parsed = parsed;
    this.#within = name;
  }

  run(data: unknown): string {
    this.#variables = [{ name: "$", value: data }];
    try {
      this.#walk(this.#parsed.nodes, data);
    } catch (error) {
      if (error instanceof TemplateError) error.output = this.#out;
      throw error;
    }
    return this.#out;
  }

  #walk(nodes: Node[], dot: unknown): void {
    for (const node of nodes) this.#node(node, dot);
  }

  #node(node: Node, dot: unknown): void {
    this.#place = node;
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
      case "template":
        this.#template(node.name, node, dot);
        break;
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

  #template(name: string, node: Node & { kind: "template" }, dot: unknown): void {
    const nodes = name === this.#name ? this.#parsed.nodes : this.#parsed.defined.get(name);
    if (!nodes) throw this.#error(`template ${JSON.stringify(name)} not defined`);
    if (this.#depth >= deepest) throw this.#error("exceeded maximum template depth (100000)");
    const data = node.pipe ? this.#pipe(node.pipe, dot) : undefined;
    const [outer, within] = [this.#variables, this.#within];
    this.#within = name;
    this.#variables = [{ name: "$", value: data }];
    this.#depth++;
    try {
      this.#walk(nodes, data);
    } finally {
      this.#depth--;
      this.#variables = outer;
      this.#within = within;
    }
  }

  #range(node: Node & { kind: "if" | "with" | "range" }, dot: unknown): void {
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot);
    const items = this.#items(value);
    if (Array.isArray(value) && typeName(value) === "[]interface {}") {
      for (const item of value) if (isObject(item)) this.#boxed.add(item);
    }
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

  #items(value: unknown): [unknown, unknown][] {
    if (isNil(value) && (!(value instanceof NilPointer) || value.type === "interface {}")) return [];
    if (Array.isArray(value)) return [...value.entries()];
    if (isObject(value) && !isStruct(value)) return entriesOf(value);
    if (typeof value === "number" && Number.isInteger(value)) {
      return Array.from({ length: Math.max(value, 0) }, (_, position) => [position, position]);
    }
    throw this.#error(`range can't iterate over ${printValue(value)}`);
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    this.#place = pipe;
    let value: unknown = nothing;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    for (const name of pipe.variables) this.#setVariable(name, value, pipe.assign);
    return value;
  }

  #setVariable(name: string, value: unknown, assign: boolean): void {
    if (!assign) {
      this.#variables.push({ name, value });
      return;
    }
    const known = this.#variables.findLast((variable) => variable.name === name);
    if (!known) throw this.#error(`undefined variable: ${name}`);
    known.value = value;
  }

  #command(command: Command, dot: unknown, piped: unknown): unknown {
    const [first, ...rest] = command.operands;
    if (first.kind !== "pipe") this.#place = first;
    switch (first.kind) {
      case "function":
        return this.#call(command, first.name, rest, dot, piped);
      case "field":
      case "chain":
      case "variable":
        return this.#fields(first, dot, rest, piped);
    }
    if (rest.length > 0 || piped !== nothing) throw this.#notAFunction(first);
    if (first.kind === "nil") throw this.#error("nil is not a command");
    return this.#value(first, dot);
  }

  /** The value of an argument, or of a command that is one. */
  #value(operand: Operand, dot: unknown): unknown {
    this.#place = operand;
    switch (operand.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "literal":
        return operand.value;
      case "function":
        return this.#call(operand, operand.name, [], dot, nothing);
      case "pipe":
        return this.#pipe(operand.pipe, dot);
      default:
        return this.#fields(operand, dot, [], nothing);
    }
  }

  #fields(
    operand: Operand & { kind: "field" | "variable" | "chain" },
    dot: unknown,
    args: Operand[],
    piped: unknown,
  ): unknown {
    this.#place = operand;
    let value = dot;
    if (operand.kind === "chain") value = this.#value(operand.of, dot);
    if (operand.kind === "variable") {
      value = this.#variables.findLast(({ name }) => name === operand.name)?.value;
    }
    if (operand.names.length === 0 && (args.length > 0 || piped !== nothing)) {
      throw this.#notAFunction(operand);
    }
    operand.names.forEach((name, position) => {
      const last = position === operand.names.length - 1;
      value = this.#field(dot, value, name, last ? args : [], last ? piped : nothing);
    });
    return value;
  }

  /** Arguments go to a method. */
  #field(dot: unknown, receiver: unknown, name: string, args: Operand[], piped: unknown): unknown {
    if (receiver === undefined) return undefined;
    if (receiver === null) throw this.#error(`nil pointer evaluating interface {}.${name}`);
    const value = lookUp(receiver, name);
    if (value === missing) {
      const type = this.#boxed.has(receiver as object) ? "interface {}" : typeName(receiver);
      throw this.#error(`can't evaluate field ${name} in type ${type}`);
    }
    if (receiver instanceof NilPointer) {
      throw this.#error(`nil pointer evaluating ${receiver.type}.${name}`);
    }
    const hasArgs = args.length > 0 || piped !== nothing;
    if (typeof value === "function") {
      const count = args.length + (piped === nothing ? 0 : 1);
      if (count !== value.length) {
        throw this.#error(`wrong number of args for ${name}: want ${value.length} got ${count}`);
      }
      // All methods there are take strings.
      const given = args.map((operand) => this.#argument(operand, dot, "string"));
      if (piped !== nothing) given.push(this.#checked(piped, "string"));
      return value.apply(receiver, given);
    }
    if (hasArgs) {
      throw this.#error(
        isStruct(receiver)
          ? `${name} has arguments but cannot be invoked as function`
          : `${name} is not a method but has arguments`,
      );
    }
    return value;
  }

  #call(command: Place, name: string, operands: Operand[], dot: unknown, piped: unknown): unknown {
    const called = functions[name] as TemplateFunction;
    const { params, variadic } = called;
    const count = operands.length + (piped === nothing ? 0 : 1);
    if (variadic ? count < params.length - 1 : count !== params.length) {
      const wanted = variadic ? `at least ${params.length - 1}` : String(params.length);
      const got = variadic ? operands.length : count;
      throw this.#error(`wrong number of args for ${name}: want ${wanted} got ${got}`);
    }
    const paramOf = (position: number) => params[Math.min(position, params.length - 1)] as string;
    if (name === "and" || name === "or") return this.#decide(name, operands, dot, piped);
    const args = operands.map((operand, position) => this.#argument(operand, dot, paramOf(position)));
    if (piped !== nothing) args.push(this.#checked(piped, paramOf(operands.length)));
    try {
      return called.run(...args);
    } catch (error) {
      this.#place = command;
      throw this.#error(`error calling ${name}: ${(error as Error).message}`);
    }
  }

  /** `and` and `or` stop at the argument that decides. */
  #decide(name: "and" | "or", operands: Operand[], dot: unknown, piped: unknown): unknown {
    let value: unknown;
    for (const operand of operands) {
      value = this.#value(operand, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped === nothing ? value : piped;
  }

  #argument(operand: Operand, dot: unknown, type: string): unknown {
    this.#place = operand;
    if (operand.kind === "nil" && (type === "string" || type === "int")) {
      throw this.#error(`cannot assign nil to ${type}`);
    }
    if (operand.kind === "literal" && !literalFits(operand.value, type)) {
      const wanted = type === "int" ? "integer" : type;
      if (type.startsWith("[]")) throw this.#error(`can't handle ${operand.text} for arg of type ${type}`);
      throw this.#error(`expected ${wanted}; found ${operand.text}`);
    }
    return this.#checked(this.#value(operand, dot), type);
  }

  #checked(value: unknown, type: string): unknown {
    if (type === "any") return value;
    if (value === undefined || value === null) throw this.#error(`invalid value; expected ${type}`);
    const given = typeName(value);
    if (given === type || (type === "[]string" && given === "[]interface {}")) return value;
    throw this.#error(`wrong type for value; expected ${type}; got ${given}`);
  }

  #notAFunction(operand: Operand): TemplateError {
    return this.#error(`can't give argument to non-function ${operand.text}`);
  }

  #error(message: string): TemplateError {
    return TemplateError.executing([this.#name, this.#within], this.#source, this.#place, message);
  }
}

function literalFits(value: unknown, type: string): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "int") return typeof value === "number" && Number.isInteger(value);
  return !type.startsWith("[]");
}

const missing = Symbol("missing");

function lookUp(receiver: unknown, name: string): unknown {
  if (receiver instanceof Map) return receiver.get(name);
  if (receiver instanceof NilPointer) {
    return !receiver.fields || receiver.fields.some((field) => field.name === name) ? undefined : missing;
  }
  if (receiver instanceof GoValue) {
    const isMethod = /^[A-Z]/.test(name) && name in receiver;
    return isMethod ? receiver[name as keyof GoValue] : missing;
  }
  if (!isObject(receiver)) return missing;
  if (Object.hasOwn(receiver, name)) return receiver[name];
  const fields = goType(receiver)?.fields;
  if (fields) return promoted(receiver, fields, name);
  // Methods of classes, but nothing of what every object has.
  if (name in receiver && !(name in Object.prototype)) return receiver[name];
  const isPlain = Object.getPrototypeOf(receiver) === Object.prototype;
  return isPlain && !isStruct(receiver) ? undefined : missing;
}

/** The field of an embedded struct. */
function promoted(receiver: Record<string, unknown>, fields: readonly Field[], name: string): unknown {
  for (const field of fields) {
    if (!field.embedded) continue;
    const found = lookUp(receiver[field.name], name);
    if (found !== missing) return found;
  }
  return missing;
}
