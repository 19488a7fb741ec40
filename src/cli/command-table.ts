import { EngineError } from "../errors.ts";
import type { CoracleCommand, Invocation } from "./command.ts";

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
  completes: typeof CoracleCommand.completes;
}

export type Loader = () => Promise<{ default: CommandClass }>;

export interface CommandTable {
  files: Readonly<Record<string, Loader>>;
  aliases: Readonly<Record<string, string>>;
  groups: Readonly<Record<string, string>>;
  planned: readonly string[];
}

/** A word that begins a command line: the name of a command, or the first half of one. */
export function isGroup(table: CommandTable, word: string): boolean {
  return Object.hasOwn(table.groups, word) && loaderOf(table, word) === undefined;
}

/** The loader of `ps`, `image ls`, or an alias of one. */
export function loaderOf(table: CommandTable, name: string): Loader | undefined {
  const file = Object.hasOwn(table.aliases, name) ? (table.aliases[name] as string) : name;
  return Object.hasOwn(table.files, file) ? table.files[file] : undefined;
}

export function unknownCommand(table: CommandTable, name: string): EngineError {
  if (table.planned.includes(name))
    return new EngineError("not-supported", `coracle ${name}: not supported yet`);
  const parent = ["coracle", ...name.split(" ").slice(0, -1)].join(" ");
  return new EngineError(
    "unknown-command",
    `unrecognized command \`coracle ${name}\`\nTry '${parent} --help' for more information`,
  );
}
