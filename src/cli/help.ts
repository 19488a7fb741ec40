/** `--help` and `help`, laid out as Podman's. */

import type { Flag, FlagInput } from "@oclif/core/interfaces";
import {
  type CommandClass,
  type CommandTable,
  isGroup,
  type Loader,
  loaderOf,
  properName,
  subcommands,
} from "./command-table.ts";
import * as flag from "./flags.ts";
import { globalFlags } from "./global-flags.ts";

type AnyFlag = Flag<unknown> & Partial<flag.FlagExtras>;

const program = "coracle";

/** They stand only in front of the command, and main.ts takes them. */
const topFlags = {
  help: flag.boolean({ description: "Help for coracle" }),
  version: flag.boolean({ char: "v", description: "version for coracle" }),
};

/** The help of a command, of a group, or (no words) of everything. */
export async function helpText(table: CommandTable, words: readonly string[]): Promise<string> {
  const name = words.join(" ");
  if (words.length === 0) return rootHelp(await rootUsage(table));
  const load = loaderOf(table, name);
  if (load) return commandHelp(table, properName(table, name), (await load()).default);
  return await groupHelp(table, name);
}

/** What `help WORDS` shows: as much of the words as leads somewhere counts, as it does for cobra. */
export async function helpTopic(
  table: CommandTable,
  words: readonly string[],
): Promise<{ text: string; unknown: boolean }> {
  const [first, second] = words;
  if (first === undefined) return { text: await helpText(table, []), unknown: false };
  if (["help", "--help", "-h"].includes(first)) return { text: helpOfHelp(), unknown: false };
  if (isGroup(table, first)) {
    const isCommand = loaderOf(table, `${first} ${second}`) !== undefined;
    return { text: await helpText(table, isCommand ? words.slice(0, 2) : [first]), unknown: false };
  }
  if (loaderOf(table, first)) return { text: await helpText(table, [first]), unknown: false };
  const topics = words.map((word) => `\`${word}\``).join(" ");
  return { text: `Unknown help topic [${topics}]\n${await rootUsage(table)}`, unknown: true };
}

function helpOfHelp(): string {
  return withBlankLine([
    ["", `Show help for any command.\n`],
    ["Usage", `  ${program} help [command]\n`],
    ["Examples", `  ${program} help run\n  ${program} help container ls\n`],
  ]);
}

function rootHelp(usage: string): string {
  return `Manage containers and images without a daemon\n\n${usage}`;
}

async function rootUsage(table: CommandTable): Promise<string> {
  const commands = await summaries(table, undefined);
  return sections([
    ["Usage", `  ${program} [options] [command]\n`],
    ["Available Commands", commandList([...commands, ["help", "Help about any command"]])],
    ["Options", flagUsages({ ...globalFlags, ...topFlags })],
  ]);
}

async function groupHelp(table: CommandTable, group: string): Promise<string> {
  const summary = table.groups[group] as string;
  return withBlankLine([
    ["", `${summary}\n`],
    ["Description", `  ${summary}\n`],
    ["Usage", `  ${program} ${group} [command]\n`],
    ["Available Commands", commandList(await summaries(table, group))],
  ]);
}

function commandHelp(table: CommandTable, name: string, command: CommandClass): string {
  // Where the command has several places, its examples are for the one that was asked about.
  const called = (example: unknown) =>
    String(example).replaceAll(`${program} ${table.aliases[name]} `, `${program} ${name} `);
  const examples = (command.examples ?? []).map((example) => `  ${called(example)}\n`).join("");
  return withBlankLine([
    ["", `${command.summary ?? ""}\n`],
    ["Description", indent(command.description ?? command.summary ?? "")],
    ["Usage", `  ${program} ${name} ${command.usage}`.trimEnd().concat("\n")],
    ["Aliases", aliasList(table, name)],
    ["Examples", examples],
    ["Options", flagUsages(command.flags)],
  ]);
}

/** Below the top, the global options would follow the blank line; only the top shows them. */
function withBlankLine(parts: [title: string, body: string][]): string {
  return `${sections(parts)}\n`;
}

/** Titles with what stands under them; what is empty is left out. */
function sections(parts: [title: string, body: string][]): string {
  return parts
    .filter(([, body]) => body !== "")
    .map(([title, body]) => (title ? `${title}:\n${body}` : body))
    .join("\n");
}

function indent(text: string): string {
  const lines = text.split("\n").map((line) => (line === "" ? "\n" : `  ${line}\n`));
  return lines.join("");
}

/** `  ls, list`, the name of the command first. */
function aliasList(table: CommandTable, name: string): string {
  const others = Object.keys(table.synonyms).filter((other) => table.synonyms[other] === name);
  if (others.length === 0) return "";
  return `  ${[name, ...others].map((each) => each.split(" ").at(-1)).join(", ")}\n`;
}

async function summaries(table: CommandTable, group: string | undefined): Promise<[string, string][]> {
  const found = await Promise.all(
    subcommands(table, group).map(async (name) => {
      if (group === undefined && isGroup(table, name)) return { name, summary: table.groups[name] };
      const load = loaderOf(table, group === undefined ? name : `${group} ${name}`) as Loader;
      const { hidden, summary = "" } = (await load()).default;
      return { name, summary: hidden ? undefined : summary };
    }),
  );
  return found.flatMap(({ name, summary }) => (summary === undefined ? [] : [[name, summary]]));
}

function commandList(commands: [name: string, summary: string][]): string {
  const width = Math.max(11, ...commands.map(([name]) => name.length));
  return commands
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, summary]) => `  ${name.padEnd(width)} ${summary}\n`)
    .join("");
}

/** pflag's table of flags; what it lists works unless it says otherwise. */
export function flagUsages(flags: FlagInput): string {
  const rows = Object.entries(flags as Record<string, AnyFlag>)
    .filter(([, flag]) => !flag.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => {
      const type = flag.goType === "bool" ? "" : ` ${flag.valueName ?? flag.goType ?? "string"}`;
      const head = `${flag.char ? `  -${flag.char}, ` : "      "}--${name}${type}`;
      const notYet = flag.unsupported ? " (not supported yet)" : "";
      return [head, `${flag.description ?? ""}${defaultText(flag)}${notYet}`] as const;
    });
  const width = Math.max(0, ...rows.map(([head]) => head.length));
  const margin = `\n${" ".repeat(width + 3)}`;
  return rows
    .map(([head, text]) => `${`${head.padEnd(width)}   ${text.replaceAll("\n", margin)}`.trimEnd()}\n`)
    .join("");
}

function defaultText(flag: AnyFlag): string {
  const value = flag.default;
  if (value === undefined || value === false || value === 0 || value === "") return "";
  if (Array.isArray(value)) return value.length === 0 ? "" : ` (default [${value.join(",")}])`;
  return ` (default ${typeof value === "string" ? JSON.stringify(value) : String(value)})`;
}
