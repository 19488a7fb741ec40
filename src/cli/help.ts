import type { CommandTable } from "./command-table.ts";
import { printLine } from "./output.ts";

export async function showHelp(_table: CommandTable, words: readonly string[]): Promise<void> {
  printLine(words.join(" "));
}
