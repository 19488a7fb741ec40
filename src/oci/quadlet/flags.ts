import { groups, type Kind } from "./names.ts";
import type { UnitFile } from "./unit-file.ts";

/** What a key of a Quadlet file becomes on the command line, for the keys that need no more than their flag. */
export interface FlagTable {
  /** The last value counts. */
  strings?: Record<string, string>;
  /** Each value once. */
  lists?: Record<string, string>;
  /** Lists whose values are words, in which backslashes mean nothing. */
  names?: Record<string, string>;
  booleans?: Record<string, string>;
}

export function tableFlags(unit: UnitFile, group: string, table: FlagTable): string[] {
  const { strings = {}, lists = {}, names = {}, booleans = {} } = table;
  const flags: string[] = [];
  for (const [key, flag] of Object.entries(strings)) {
    const value = unit.get(group, key);
    if (value !== undefined) flags.push(flag, value);
  }
  for (const [key, flag] of Object.entries(lists)) {
    for (const value of unit.all(group, key)) flags.push(flag, value);
  }
  for (const [key, flag] of Object.entries(names)) {
    for (const value of unit.names(group, key)) flags.push(flag, value);
  }
  for (const [key, flag] of Object.entries(booleans)) {
    const value = unit.boolean(group, key);
    if (value !== undefined) flags.push(value ? flag : `${flag}=false`);
  }
  return flags;
}

/** `flag KEY=VALUE` for each pair. */
export function pairFlags(unit: UnitFile, group: string, key: string, flag: string): string[] {
  return unit
    .pairs(group, key)
    .flatMap(([name, value]) => [flag, value === undefined ? name : `${name}=${value}`]);
}

/** The program with the global flags that the file asks for. */
export function programWords(program: string, unit: UnitFile, kind: Kind): string[] {
  const group = groups[kind];
  const modules = unit.all(group, "ContainersConfModule").map((module) => `--module=${module}`);
  return [program, ...modules, ...unit.words(group, "GlobalArgs")];
}

/** Keys that files of all kinds have. */
export const commonKeys = ["ContainersConfModule", "GlobalArgs", "PodmanArgs", "ServiceName"];

export function tableKeys({ strings = {}, lists = {}, names = {}, booleans = {} }: FlagTable): string[] {
  return [strings, lists, names, booleans].flatMap((table) => Object.keys(table));
}
