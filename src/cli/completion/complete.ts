/** Shell completion: what may stand in place of the last word. The scripts of shells.ts call this as `__complete`. */

import type { Flag, FlagInput } from "@oclif/core/interfaces";
import type { GlobalOptions } from "../../host/context.ts";
import { type FlagSyntax, splitArgv } from "../argv.ts";
import type { Arity } from "../arity.ts";
import {
  type CommandClass,
  type CommandTable,
  fileOf,
  isGroup,
  type Loader,
  loaderOf,
  subcommands,
} from "../command-table.ts";
import type { FlagExtras } from "../flags.ts";
import { globalFlags, globalSyntax, readGlobalFlags } from "../global-flags.ts";
import { flagSyntax } from "../parse-flags.ts";
import { type Candidate, type Completion, files, noFiles, nothing } from "./completion.ts";
import { liveNames } from "./live-names.ts";
import { type Names, type Place, valuesOf } from "./values.ts";

type AnyFlag = Flag<unknown> & Partial<FlagExtras>;

/** What the last of `words` (which may be empty) may become; behind `--flag=`, what the value may. */
export async function complete(
  table: CommandTable,
  words: readonly string[],
  names: Names = liveNames,
): Promise<Completion> {
  const current = words.at(-1) ?? "";
  const { candidates, directive } = await completion(table, words.slice(0, -1), current, names);
  const typed = /^--[\w-]+=/.test(current) ? current.slice(current.indexOf("=") + 1) : current;
  const starts = ({ value }: Candidate) => value.startsWith(typed) || value.startsWith(current);
  return { candidates: candidates.filter(starts), directive };
}

async function completion(
  table: CommandTable,
  before: string[],
  current: string,
  names: Names,
): Promise<Completion> {
  const options: GlobalOptions = {};
  const top = split(before, globalSyntax, false);
  await readGlobalFlags(top.given, options).catch(() => {});
  const [first, ...afterFirst] = top.args;
  if (first === undefined)
    return atTop(table, before, { command: "", options, names, typed: { args: [], current } });
  if (first === "help") return afterFirst.length < 2 ? await commandNames(table, afterFirst[0]) : nothing;
  const inGroup = isGroup(table, first);
  const [second, ...afterSecond] = inGroup ? split(afterFirst, globalSyntax, false).args : [];
  if (inGroup && second === undefined) return await commandNames(table, first);
  const name = inGroup ? `${first} ${second}` : first;
  const rest = inGroup ? afterSecond : afterFirst;
  return await ofCommand(table, rest, { command: name, options, names, typed: { args: [], current } });
}

async function atTop(table: CommandTable, before: string[], place: Place): Promise<Completion> {
  const { current } = place.typed;
  const waiting = waitingFlag(before, globalSyntax, false);
  if (waiting) return await flagValues(globalFlags, waiting, place);
  const given = flagWithValue(current);
  if (given)
    return await flagValues(globalFlags, given.name, { ...place, typed: { args: [], current: given.value } });
  return current.startsWith("-") ? flagNames(globalFlags) : await commandNames(table, undefined);
}

async function ofCommand(table: CommandTable, before: string[], asked: Place): Promise<Completion> {
  const { command: name, options } = asked;
  const { current } = asked.typed;
  const load = loaderOf(table, name);
  if (!load) return files;
  const command = (await load()).default;
  const flags: FlagInput = { ...globalFlags, ...command.flags };
  const syntax = flagSyntax(flags);
  const { args, given } = split(before, syntax, command.interspersed);
  await readGlobalFlags(
    given.filter((flag) => !(flag.name in command.flags)),
    options,
  ).catch(() => {});
  const inFlags = command.interspersed || args.length === 0;
  const place = { ...asked, command: fileOf(table, name), typed: { args, current } };

  const waiting = inFlags ? waitingFlag(before, syntax, command.interspersed) : undefined;
  if (waiting) return await flagValues(flags, waiting, place);
  const withValue = inFlags ? flagWithValue(current) : undefined;
  if (withValue) {
    return await flagValues(flags, withValue.name, { ...place, typed: { args, current: withValue.value } });
  }
  if (inFlags && current.startsWith("-")) return flagNames(command.flags);
  return await argument(command, place);
}

/** `--flag=value` */
function flagWithValue(word: string): { name: string; value: string } | undefined {
  const [, name, value] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
  return name === undefined || value === undefined ? undefined : { name, value };
}

/** The kinds of a command's arguments in turn; the last one repeats for as long as there may be more. */
async function argument(command: CommandClass, place: Place): Promise<Completion> {
  const { args } = place.typed;
  if (!mayFollow(command.arity, args)) return nothing;
  const last = command.completes.at(-1);
  const repeats = command.interspersed || last === "image-path" || last === "descriptor";
  const kind = command.completes[args.length] ?? (repeats ? last : undefined);
  if (kind === undefined) return files;
  const { candidates, directive } = await valuesOf(kind, place);
  return { candidates: candidates.filter(({ value }) => !args.includes(value)), directive };
}

/** Whether one more argument would be too many, which the rule tells only of whole lines. */
function mayFollow(arity: Arity, args: readonly string[]): boolean {
  return [1, 2, 3].some((more) => {
    try {
      arity([...args, ...Array.from({ length: more }, () => "x")], "");
      return true;
    } catch {
      return false;
    }
  });
}

async function flagValues(flags: FlagInput, name: string, place: Place): Promise<Completion> {
  const flag = flags[name] as AnyFlag | undefined;
  const usual = name === "format" || name === "filter" ? name : "none";
  return await valuesOf(flag?.completes ?? flag?.choices ?? usual, place);
}

/** Long names, and letters where those are what is being typed. */
function flagNames(flags: FlagInput): Completion {
  const candidates = Object.entries(flags as Record<string, AnyFlag>)
    .filter(([, flag]) => !flag.hidden && !flag.unsupported)
    .flatMap(([name, { char, description = "" }]) => [
      { value: `--${name}`, description },
      ...(char ? [{ value: `-${char}`, description }] : []),
    ])
    .concat({ value: "--help", description: "Show help" })
    .sort((a, b) => (a.value < b.value ? -1 : 1));
  return { candidates, directive: noFiles };
}

async function commandNames(table: CommandTable, group: string | undefined): Promise<Completion> {
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
  const help = { value: "help", description: "Help about any command" };
  const commands = found.filter((candidate) => candidate !== undefined);
  return { candidates: group === undefined ? [...commands, help] : commands, directive: noFiles };
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
