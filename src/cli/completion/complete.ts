/** Shell completion: what may stand in place of the last word. The scripts of shells.ts call this as `__complete`. */

import type { Flag, FlagInput } from "@oclif/core/interfaces";
import type { GlobalOptions } from "../../host/context.ts";
import { type FlagSyntax, splitArgv } from "../argv.ts";
import {
  type CommandClass,
  type CommandTable,
  isGroup,
  type Loader,
  loaderOf,
  subcommands,
} from "../command-table.ts";
import type { Completes, FlagExtras } from "../flags.ts";
import { globalFlags, globalSyntax, readGlobalFlags } from "../global-flags.ts";
import { flagSyntax } from "../parse-flags.ts";
import { liveNames } from "./live-names.ts";

export interface Candidate {
  value: string;
  description?: string;
}

type AnyFlag = Flag<unknown> & Partial<FlagExtras>;
/** What stands before the word that is completed, and what there is of it. */
export interface Typed {
  args: readonly string[];
  current: string;
}

type Names = (kind: Completes, options: GlobalOptions, typed: Typed) => Promise<Candidate[]>;

/** Candidates for the last of `words` (which may be empty); none where the shell should offer files. */
export async function complete(
  table: CommandTable,
  words: readonly string[],
  names: Names = liveNames,
): Promise<Candidate[]> {
  const current = words.at(-1) ?? "";
  const found = await candidates(table, words.slice(0, -1), current, names);
  return found.filter(({ value }) => value.startsWith(current));
}

async function candidates(
  table: CommandTable,
  before: string[],
  current: string,
  names: Names,
): Promise<Candidate[]> {
  const options: GlobalOptions = {};
  const top = split(before, globalSyntax, false);
  await readGlobalFlags(top.given, options).catch(() => {});
  const [first, ...afterFirst] = top.args;
  if (first === undefined) return atTop(table, before, current, options, names);
  if (first === "help") return afterFirst.length < 2 ? await commandNames(table, afterFirst[0]) : [];
  if (!isGroup(table, first)) return await ofCommand(table, first, afterFirst, current, options, names);
  const [second, ...afterSecond] = split(afterFirst, globalSyntax, false).args;
  if (second === undefined) return await commandNames(table, first);
  return await ofCommand(table, `${first} ${second}`, afterSecond, current, options, names);
}

async function atTop(
  table: CommandTable,
  before: string[],
  current: string,
  options: GlobalOptions,
  names: Names,
): Promise<Candidate[]> {
  const waiting = waitingFlag(before, globalSyntax, false);
  if (waiting) return await flagValues(globalFlags, waiting, options, names, { args: [], current });
  return current.startsWith("-") ? flagNames(globalFlags) : await commandNames(table, undefined);
}

async function ofCommand(
  table: CommandTable,
  name: string,
  before: string[],
  current: string,
  options: GlobalOptions,
  names: Names,
): Promise<Candidate[]> {
  const load = loaderOf(table, name);
  if (!load) return [];
  const command = (await load()).default;
  const flags: FlagInput = { ...globalFlags, ...command.flags };
  const syntax = flagSyntax(flags);
  const { args, given } = split(before, syntax, command.interspersed);
  await readGlobalFlags(
    given.filter((flag) => !(flag.name in command.flags)),
    options,
  ).catch(() => {});
  const inFlags = command.interspersed || args.length === 0;

  const waiting = inFlags ? waitingFlag(before, syntax, command.interspersed) : undefined;
  const typed = { args, current };
  if (waiting) return await flagValues(flags, waiting, options, names, typed);
  if (inFlags && current.startsWith("--") && current.includes("=")) {
    const flag = current.slice(2, current.indexOf("="));
    const values = await flagValues(flags, flag, options, names, typed);
    return values.map((candidate) => ({ ...candidate, value: `--${flag}=${candidate.value}` }));
  }
  if (inFlags && current.startsWith("-")) return flagNames(command.flags);
  return await argument(command, options, names, typed);
}

/** The kinds of a command's arguments in turn; the last one repeats where flags, or a container's arguments, may still follow. */
async function argument(
  command: CommandClass,
  options: GlobalOptions,
  names: Names,
  typed: Typed,
): Promise<Candidate[]> {
  const { args } = typed;
  const last = command.completes.at(-1);
  const repeats = command.interspersed || last === "image-path";
  const kind = command.completes[args.length] ?? (repeats ? last : undefined);
  if (kind === undefined || kind === "file" || kind === "none") return [];
  return (await names(kind, options, typed)).filter(({ value }) => !args.includes(value));
}

async function flagValues(
  flags: FlagInput,
  name: string,
  options: GlobalOptions,
  names: Names,
  typed: Typed,
): Promise<Candidate[]> {
  const kind = (flags[name] as (AnyFlag & Partial<FlagExtras>) | undefined)?.completes;
  if (kind !== undefined && kind !== "file" && kind !== "none") return await names(kind, options, typed);
  return choices(flags, name);
}

function choices(flags: FlagInput, name: string): Candidate[] {
  const flag = flags[name] as AnyFlag | undefined;
  return (flag?.choices ?? []).map((value) => ({ value }));
}

function flagNames(flags: FlagInput): Candidate[] {
  return Object.entries(flags as Record<string, AnyFlag>)
    .filter(([, flag]) => !flag.hidden && !flag.unsupported)
    .map(([name, flag]) => ({ value: `--${name}`, description: flag.description ?? "" }))
    .concat({ value: "--help", description: "Show help" })
    .sort((a, b) => (a.value < b.value ? -1 : 1));
}

async function commandNames(table: CommandTable, group: string | undefined): Promise<Candidate[]> {
  const found = await Promise.all(
    subcommands(table, group).map(async (value) => {
      if (group === undefined && isGroup(table, value)) {
        return { value, description: table.groups[value] as string };
      }
      const load = loaderOf(table, group === undefined ? value : `${group} ${value}`) as Loader;
      const { hidden, summary = "" } = (await load()).default;
      return hidden ? undefined : { value, description: summary };
    }),
  );
  return found.filter((candidate) => candidate !== undefined);
}

/** The words understood as far as they make sense: an unfinished line is full of mistakes. */
function split(words: string[], syntax: readonly FlagSyntax[], interspersed: boolean) {
  try {
    return splitArgv(words, syntax, { interspersed, tolerant: true });
  } catch {
    return { given: [], args: [], argsBeforeDash: -1 }; // --help among them
  }
}

/** The flag whose value the next word is, if the last word is such a flag. */
function waitingFlag(
  words: string[],
  syntax: readonly FlagSyntax[],
  interspersed: boolean,
): string | undefined {
  const probe = "\0";
  const { given } = split([...words, probe], syntax, interspersed);
  const last = given.at(-1);
  return last?.value === probe ? last.name : undefined;
}
