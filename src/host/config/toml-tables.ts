import type { EngineError } from "../../errors.ts";
import { parseSubnet } from "../../oci/subnet.ts";
import { parseDecimalBytes } from "../../oci/units.ts";
import { isTable, type Table } from "./toml.ts";

/* Values of a TOML file by their types; what is wrong is told in the words of Podman's parser. */

/** What a value may be. */
export interface Types {
  string: string;
  /** A text like `10m`, or a number of bytes, which is given as text. */
  size: string;
  bool: boolean;
  int: number;
  uint16: number;
  uint32: number;
  /** May say that it is to be appended. */
  strings: string[];
  list: string[];
  /** Names and what stands for each: the paths of a runtime. */
  lists: Record<string, string[]>;
  map: Record<string, string>;
  /** Services of Podman's, and where each is. */
  destinations: Record<string, object>;
  /** Networks, and of which size the parts of each are. */
  pools: { base: string; size: number }[];
}

export type Kind = keyof Types;

/** What arrays with `{append=true}` have been told so far: for this file and those that follow. */
export type Appending = Set<string>;

/** Where a table or value stands. */
export interface Place {
  /** Of the file. */
  text: string;
  /** As the file has it, with the tables that it is in. */
  key: string;
  /** The same as the schema has it. */
  name: string;
  appending: Appending;
  /** Which of several tables of that name, counted from 0. */
  occurrence?: number;
  /** Makes the error of what is wrong. */
  tell: (what: string) => EngineError;
}

/** Takes over the values of a table that have the types of `keys`. */
export function mergeTable(
  into: Table,
  table: Table,
  keys: Readonly<Record<string, Kind>>,
  place: Place,
): void {
  for (const [key, kind] of Object.entries(keys)) {
    const found = member(table, key);
    if (found === undefined) continue;
    const name = `${place.name}.${key}`;
    into[key] = mergers[kind](found.value, into[key], { ...inside(place, found.written), name });
  }
}

/** Podman takes keys in capitals, too. */
export function member(table: Table, key: string): { written: string; value: unknown } | undefined {
  const written =
    table[key] === undefined ? Object.keys(table).find((name) => name.toLowerCase() === key) : key;
  return written === undefined ? undefined : { written, value: table[written] };
}

export function inside(place: Place, key: string): Place {
  return { ...place, key: place.key === "" ? key : `${place.key}.${key}` };
}

/** `type`: what Podman reads it into. */
export function tableIn(value: unknown, type: string, place: Place): Table {
  if (isTable(value)) return value;
  throw wrong(`type mismatch for ${type}: expected table but found ${goType(value)}`, place);
}

/** The tables of an array of such, `before` of which came earlier in the file. */
export function tablesIn(
  table: Table,
  key: string,
  type: string,
  place: Place,
  before = 0,
): { table: Table; place: Place }[] {
  const found = member(table, key);
  if (found === undefined) return [];
  const at = inside(place, found.written);
  const items = expect(Array.isArray(found.value), found.value, "slice", at) as unknown[];
  return items.map((item, i) => ({
    table: tableIn(item, type, at),
    place: { ...at, occurrence: before + i },
  }));
}

type Merge = (value: unknown, before: unknown, place: Place) => unknown;

const mergers: Record<Kind, Merge> = {
  string: (value, _before, place) => expect(typeof value === "string", value, "string", place),
  size: (value, _before, place) => {
    const size = String(expect(["string", "number"].includes(typeof value), value, "string", place));
    if (size !== "") within(place, () => parseDecimalBytes(size));
    return size;
  },
  bool: (value, _before, place) => expect(typeof value === "boolean", value, "boolean", place),
  int: integer,
  uint16: (value, _before, place) => unsigned(16, value, place),
  uint32: (value, _before, place) => unsigned(32, value, place),
  strings: mergeStrings,
  list: (value, _before, place) => list(value, place),
  lists: (value, before, place) => mergeMap(value, before, place, list),
  map: (value, before, place) =>
    mergeMap(value, before, place, (item, at) => expect(typeof item === "string", item, "string", at)),
  destinations: (value, before, place) =>
    mergeMap(value, before, place, (item, at) => {
      const keys = { uri: "string", identity: "string", is_machine: "bool" } as const;
      mergeTable({}, tableIn(item, "config.Destination", at), keys, at);
    }),
  pools: (value, _before, place) => {
    const list = expect(Array.isArray(value), value, "slice", place) as unknown[];
    for (const item of list) {
      const pool = tableIn(item, "config.SubnetPool", place);
      expect(Number.isSafeInteger(pool["size"]), pool["size"], "integer", place);
      within(place, () => parseSubnet(String(pool["base"])));
    }
    return list;
  },
};

function list(value: unknown, place: Place): unknown {
  expect(Array.isArray(value), value, "slice", place);
  for (const item of value as unknown[]) expect(typeof item === "string", item, "string", place);
  return value;
}

function integer(value: unknown, _before: unknown, place: Place): number {
  return expect(Number.isSafeInteger(value), value, "integer", place) as number;
}

function unsigned(bits: 16 | 32, value: unknown, place: Place): number {
  const number = integer(value, undefined, place);
  if (number >= 0 && number < 2 ** bits) return number;
  throw wrong(`${number} is out of range for uint${bits}`, place);
}

/** Podman passes over what is no table. */
function mergeMap(
  value: unknown,
  before: unknown,
  place: Place,
  check: (item: unknown, place: Place) => void,
): Table | undefined {
  if (!isTable(value)) return before as Table | undefined;
  for (const [key, item] of Object.entries(value)) check(item, inside(place, key));
  return { ...(before as Table | undefined), ...value };
}

function mergeStrings(value: unknown, before: unknown, place: Place): string[] {
  if (!Array.isArray(value)) throw wrong(`unable to cast to interface array: ${String(value)}`, place);
  const strings: string[] = [];
  for (const item of value as unknown[]) {
    if (typeof item === "string") strings.push(item);
    else if (isTable(item)) readAttributes(item, place);
    else throw wrong(`unsupported item in attributed string slice: ${String(item)}`, place);
  }
  const kept = place.appending.has(place.name) ? ((before as string[] | undefined) ?? []) : [];
  return [...kept, ...strings];
}

function readAttributes(attributes: Table, place: Place): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== "append") throw wrong(`unsupported key ${JSON.stringify(name)} in map`, place);
    if (typeof value !== "boolean") throw wrong("unable to cast append to bool: append", place);
    if (value) place.appending.add(place.name);
    else place.appending.delete(place.name);
  }
}

function expect(holds: boolean, value: unknown, wanted: string, place: Place): unknown {
  if (holds) return value;
  throw wrong(
    `incompatible types: TOML value has type ${goType(value)}; destination has type ${wanted}`,
    place,
  );
}

/** The name that Podman's parser has for it. */
function goType(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "slice";
  return typeof value === "string" ? "string" : "map";
}

/** What is wrong with a value is told with the place of its key. */
function within(place: Place, parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    throw wrong((error as Error).message, place);
  }
}

function wrong(what: string, { text, key, occurrence = 0, tell }: Place): EngineError {
  const line = lineOf(text, key, occurrence);
  return tell(`toml: ${line ? `line ${line} ` : ""}(last key ${JSON.stringify(key)}): ${what}`);
}

/** Where a key, or else what it is in, is set, in the way that configurations are written; undefined for other ways. */
function lineOf(text: string, key: string, occurrence: number): number | undefined {
  const parent = key.includes(".") ? key.slice(0, key.lastIndexOf(".")) : undefined;
  let current = "";
  let tables = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[+\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) current = header;
    if (header !== undefined && header === parent) tables++;
    const name = header === undefined ? /^\s*([\w."-]+)\s*=/.exec(line)?.[1] : undefined;
    const full = name === undefined ? current : current === "" ? name : `${current}.${name}`;
    if (full.replaceAll('"', "") === key && tables <= occurrence + 1 && (tables === 0 || tables > occurrence))
      return index + 1;
  }
  return parent === undefined ? undefined : lineOf(text, parent, 0);
}
