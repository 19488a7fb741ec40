import { EngineError } from "../errors.ts";
import type { CoracleCommand, Invocation } from "./command.ts";
import { programName } from "./program-name.ts";
import { suggestions } from "./suggestions.ts";

/** A command's class, as its file exports it. */
export interface CommandClass {
  new (argv: string[], invocation: Invocation): CoracleCommand;
  summary?: string | undefined;
  description?: string | undefined;
  usage: string;
  examples?: typeof CoracleCommand.examples;
  flags: typeof CoracleCommand.flags;
  hidden?: boolean;
  interspersed: boolean;
  arity: typeof CoracleCommand.arity;
  completes: typeof CoracleCommand.completes;
  configured: boolean;
}

export type Loader = () => Promise<{ default: CommandClass }>;

export interface CommandTable {
  /** Every command by the words that call it. */
  files: Readonly<Record<string, Loader>>;
  /** The same command in another place: `container run`. It goes by the name it was called by. */
  aliases: Readonly<Record<string, string>>;
  /** Second names in the same place: `container ls` is `container list`, also in its messages. */
  synonyms: Readonly<Record<string, string>>;
  groups: Readonly<Record<string, string>>;
  planned: readonly string[];
}

/** A word that begins a command line: the name of a command, or the first half of one. */
export function isGroup(table: CommandTable, word: string): boolean {
  return Object.hasOwn(table.groups, word) && loaderOf(table, word) === undefined;
}

/** The name under which a command is listed, for any of its names. */
export function properName(table: CommandTable, name: string): string {
  return Object.hasOwn(table.synonyms, name) ? (table.synonyms[name] as string) : name;
}

/** The name of the file behind any name of a command. */
export function fileOf(table: CommandTable, name: string): string {
  const proper = properName(table, name);
  return Object.hasOwn(table.aliases, proper) ? (table.aliases[proper] as string) : proper;
}

/** The loader of `ps`, `image ls`, or an alias of one. */
export function loaderOf(table: CommandTable, name: string): Loader | undefined {
  const file = fileOf(table, name);
  return Object.hasOwn(table.files, file) ? table.files[file] : undefined;
}

/** The words that may follow (at the top: none) `group`: commands, and at the top groups that have any. */
export function subcommands(table: CommandTable, group: string | undefined): string[] {
  const all = [...Object.keys(table.files), ...Object.keys(table.aliases)];
  const prefix = group === undefined ? "" : `${group} `;
  const names = all
    .filter((name) => name.startsWith(prefix) && name.slice(prefix.length).split(" ").length === 1)
    .map((name) => name.slice(prefix.length));
  if (group === undefined) {
    names.push(
      ...Object.keys(table.groups).filter((name) => all.some((each) => each.startsWith(`${name} `))),
    );
  }
  return names.sort();
}

export function unknownCommand(table: CommandTable, name: string): EngineError {
  if (table.planned.includes(name))
    return new EngineError("not-supported", `${programName} ${name}: not supported yet`);
  const words = name.split(" ");
  const last = words.pop() as string;
  const parent = ["coracle", ...words].join(" ");
  const meant = suggestions(last, subcommands(table, words[0]), words.length === 0);
  const question = meant.length > 0 ? `\nDid you mean this?\n\t${meant.join("\n\t")}\n\n` : "";
  return new EngineError(
    "unknown-command",
    `unrecognized command \`coracle ${name}\`\n${question}Try '${parent} --help' for more information`,
  );
}
