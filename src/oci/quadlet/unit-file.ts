import { EngineError } from "../../errors.ts";
import { keyAndValue } from "../key-value.ts";
import { splitWords, unknownEscape } from "./words.ts";

interface Entry {
  key: string;
  value: string;
  /** Where it was read, for errors; nothing for what was added since. */
  place?: string;
}

/** A file in systemd's syntax (systemd.syntax(7)): groups of keys, each of which may be there several times. */
export class UnitFile {
  /** With its extension. */
  readonly name: string;
  readonly path: string;
  readonly #groups = new Map<string, Entry[]>();
  readonly #warnings = new Set<string>();

  constructor(name: string, path: string) {
    this.name = name;
    this.path = path;
  }

  static parse(text: string, path: string, name = path.slice(path.lastIndexOf("/") + 1)): UnitFile {
    const unit = new UnitFile(name, path);
    unit.#read(text);
    return unit;
  }

  #read(text: string): void {
    let group: Entry[] | undefined;
    for (const { line, number } of logicalLines(text)) {
      const place = `${this.path}:${number}`;
      const header = /^\[(.*)\]\s*$/.exec(line);
      if (header) {
        group = this.#group(header[1] as string);
        continue;
      }
      const [, key, value] = /^([^=]*?)\s*=\s*(.*?)\s*$/s.exec(line) ?? [];
      if (!key || value === undefined) {
        const what = `“${line.trim()}” which is not a key-value pair, group, or comment`;
        throw invalidUnit(`file contains line ${number}: ${what}`);
      }
      if (!group) throw invalidUnit("key file does not start with a group");
      group.push({ key, value, place });
    }
  }

  #group(name: string): Entry[] {
    let entries = this.#groups.get(name);
    if (!entries) {
      entries = [];
      this.#groups.set(name, entries);
    }
    return entries;
  }

  copy(name: string): UnitFile {
    const unit = new UnitFile(name, this.path);
    unit.merge(this);
    return unit;
  }

  /** What a drop-in says comes after what is there. */
  merge(other: UnitFile): void {
    for (const [name, entries] of other.#groups) this.#group(name).push(...entries);
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }

  keys(group: string): string[] {
    return (this.#groups.get(group) ?? []).map(({ key }) => key);
  }

  #entries(group: string, key: string): Entry[] {
    return (this.#groups.get(group) ?? []).filter((entry) => entry.key === key);
  }

  /** The last value, without quotes around it; undefined also where that is empty, which takes back what came before. */
  get(group: string, key: string): string | undefined {
    const value = this.#entries(group, key).at(-1)?.value ?? "";
    return value.replace(/^"(.*)"$/s, "$1") || undefined;
  }

  has(group: string, key: string): boolean {
    return this.#entries(group, key).length > 0;
  }

  /** All values since the last empty one. */
  all(group: string, key: string): string[] {
    const values = this.#entries(group, key).map(({ value }) => value);
    return values.slice(values.lastIndexOf("") + 1);
  }

  /** A list of names: words whose backslashes are left alone. */
  names(group: string, key: string): string[] {
    return this.all(group, key).flatMap((value) => splitWords(value, { escapes: false }));
  }

  words(group: string, key: string): string[] {
    return this.all(group, key).flatMap((value) => this.#split(value, key));
  }

  /** The words of the last value only: a command line. */
  lastWords(group: string, key: string): string[] {
    return this.#split(this.all(group, key).at(-1) ?? "", key);
  }

  /** As Podman has it, a value with an escape that it doesn't know counts for nothing. */
  #split(value: string, key: string): string[] {
    const unknown = unknownEscape(value);
    if (unknown === undefined) return splitWords(value, { escapes: true });
    this.warn(`Warning: ${this.name}: ${key} is passed over for its unsupported escape char ${unknown}`);
    return [];
  }

  warn(message: string): void {
    this.#warnings.add(message);
  }

  /** What is odd about the file, each once. */
  get warnings(): string[] {
    return [...this.#warnings];
  }

  /** `A=1 "B=2 3"` as [["A", "1"], ["B", "2 3"]], by name; the last of a name counts. Without `=` there is no value. */
  pairs(group: string, key: string): [string, string | undefined][] {
    const found = new Map(this.words(group, key).map(keyAndValue));
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  boolean(group: string, key: string): boolean | undefined {
    const value = this.get(group, key);
    return value === undefined ? undefined : /^(1|yes|true|on)$/i.test(value);
  }

  add(group: string, key: string, value: string): void {
    this.#group(group).push({ key, value });
  }

  /** Before what the file says, which may take it back with an empty value. */
  addFirst(group: string, key: string, value: string): void {
    this.#group(group).unshift({ key, value });
  }

  set(group: string, key: string, value: string): void {
    const others = this.#group(group).filter((entry) => entry.key !== key);
    this.#groups.set(group, [...others, { key, value }]);
  }

  setDefault(group: string, key: string, value: string): void {
    if (!this.has(group, key)) this.add(group, key, value);
  }

  replaceValues(group: string, key: string, change: (value: string) => string): void {
    for (const entry of this.#entries(group, key)) {
      const entries = this.#group(group);
      entries[entries.indexOf(entry)] = { ...entry, value: change(entry.value) };
    }
  }

  /** In place, so that the order stays. */
  rename(group: string, to: string): void {
    const all = [...this.#groups];
    this.#groups.clear();
    for (const [name, entries] of all) this.#groups.set(name === group ? to : name, entries);
  }

  /** What is wrong, and in which line: the last of `key`, else in the file as a whole. */
  error(message: string, group?: string, key?: string): EngineError {
    const place = group && key ? this.#entries(group, key).at(-1)?.place : undefined;
    return invalidUnit(`${message} in ${place ?? this.path}`);
  }

  toString(): string {
    return [...this.#groups]
      .map(([name, entries]) => {
        const lines = entries.map(({ key, value }) => `${key}=${value}\n`);
        return `[${name}]\n${lines.join("")}`;
      })
      .join("\n");
  }
}

function invalidUnit(message: string): EngineError {
  return new EngineError("invalid-unit", message);
}

/**
 * Without empty lines and comments; a backslash at its end joins a line to the next, over those between them. As Podman
 * has it, and systemd has not, nothing is between the two but the blanks before the backslash.
 */
function* logicalLines(text: string): Generator<{ line: string; number: number }> {
  let pending: { line: string; number: number } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const trimmed = raw.trim();
    if (/^([#;]|$)/.test(trimmed)) continue;
    const continues = trimmed.endsWith("\\");
    const part = continues ? trimmed.slice(0, -1) : trimmed;
    const line: string = `${pending?.line ?? ""}${part}`;
    const number: number = pending?.number ?? index + 1;
    pending = continues ? { line, number } : undefined;
    if (!continues) yield { line, number };
  }
  if (pending) yield pending;
}
