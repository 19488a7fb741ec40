/** `--help` and `help`, laid out as Podman's. */

import type { Flag, FlagInput } from "@oclif/core/interfaces";
import { type CommandClass, type CommandTable, loaderOf, unknownCommand } from "./command-table.ts";
import type { FlagExtras } from "./flags.ts";
import { globalFlags } from "./global-flags.ts";
import { print } from "./output.ts";

type AnyFlag = Flag<unknown> & Partial<FlagExtras>;

const program = "coracle";

/** Prints the help of a command, of a group, or (no words) of everything. */
export async function showHelp(table: CommandTable, words: readonly string[]): Promise<void> {
  print(await helpText(table, words));
}

export async function helpText(table: CommandTable, words: readonly string[]): Promise<string> {
  const name = words.join(" ");
  if (words.length === 0) return await rootHelp(table);
  const load = loaderOf(table, name);
  if (load) return commandHelp(name, (await load()).default);
  if (Object.hasOwn(table.groups, name)) return await groupHelp(table, name);
  throw unknownCommand(table, name);
}

async function rootHelp(table: CommandTable): Promise<string> {
  const names = [...Object.keys(table.files), ...Object.keys(table.aliases)].filter(
    (name) => !name.includes(" "),
  );
  const groups = Object.entries(table.groups).filter(([group]) => subcommands(table, group).length > 0);
  return sections([
    ["", "Manage containers and images without a daemon\n"],
    ["Usage", `  ${program} [options] [command]\n`],
    [
      "Available Commands",
      commandList([...groups, ...(await summaries(table, names)), ["help", "Help about any command"]]),
    ],
    ["Options", flagUsages(globalFlags)],
    unsupported(globalFlags),
  ]);
}

async function groupHelp(table: CommandTable, group: string): Promise<string> {
  const summary = table.groups[group] as string;
  const commands = await summaries(table, subcommands(table, group));
  return sections([
    ["", `${summary}\n`],
    ["Description", `  ${summary}\n`],
    ["Usage", `  ${program} ${group} [command]\n`],
    ["Available Commands", commandList(commands.map(([name, text]) => [name.slice(group.length + 1), text]))],
  ]);
}

function commandHelp(name: string, command: CommandClass): string {
  const examples = (command.examples ?? []).map((example) => `  ${String(example)}\n`).join("");
  return sections([
    ["", `${command.summary ?? ""}\n`],
    ["Description", indent(command.description ?? command.summary ?? "")],
    ["Usage", `  ${program} ${name} ${command.usage}\n`],
    ["Examples", examples],
    ["Options", flagUsages(command.flags)],
    unsupported(command.flags),
  ]);
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

/** Names within a group, one for each command: second names of the same are left out. */
function subcommands(table: CommandTable, group: string): string[] {
  const names = [...Object.keys(table.files), ...Object.keys(table.aliases)];
  const seen = new Set<string>();
  return names.filter((name) => {
    const file = table.aliases[name] ?? name;
    if (!name.startsWith(`${group} `) || seen.has(file)) return false;
    seen.add(file);
    return true;
  });
}

async function summaries(table: CommandTable, names: string[]): Promise<[string, string][]> {
  const found = await Promise.all(
    names.map(async (name) => ({ name, command: (await loaderOf(table, name)?.())?.default })),
  );
  return found
    .filter(({ command }) => command && !command.hidden)
    .map(({ name, command }) => [name, command?.summary ?? ""]);
}

function commandList(commands: [name: string, summary: string][]): string {
  const width = Math.max(11, ...commands.map(([name]) => name.length));
  return commands
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, summary]) => `  ${name.padEnd(width)} ${summary}\n`)
    .join("");
}

/** pflag's table of flags. */
export function flagUsages(flags: FlagInput): string {
  const rows = Object.entries(flags as Record<string, AnyFlag>)
    .filter(([, flag]) => !flag.hidden && !flag.unsupported)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => {
      const type = flag.goType === "bool" ? "" : ` ${flag.valueName ?? flag.goType ?? "string"}`;
      const head = `${flag.char ? `  -${flag.char}, ` : "      "}--${name}${type}`;
      return [head, `${flag.description ?? ""}${defaultText(flag)}`] as const;
    });
  const width = Math.max(0, ...rows.map(([head]) => head.length));
  return rows.map(([head, text]) => `${`${head.padEnd(width)}   ${text}`.trimEnd()}\n`).join("");
}

function defaultText(flag: AnyFlag): string {
  const value = flag.default;
  if (value === undefined || value === false || value === 0 || value === "") return "";
  if (Array.isArray(value)) return value.length === 0 ? "" : ` (default [${value.join(",")}])`;
  return ` (default ${typeof value === "string" ? JSON.stringify(value) : String(value)})`;
}

function unsupported(flags: FlagInput): [string, string] {
  const names = Object.entries(flags as Record<string, AnyFlag>)
    .filter(([, flag]) => flag.unsupported && !flag.hidden)
    .map(([name]) => `--${name}`)
    .sort();
  return ["Recognised, but not supported yet", wrap(names)];
}

function wrap(words: string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 90) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
