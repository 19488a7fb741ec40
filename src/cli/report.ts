/** --format as Podman has it: `json`, a Go template, or `table` and a template. */

import { printJson } from "./output.ts";
import { alignTabs } from "./table.ts";
import { Template } from "./template/evaluate.ts";

export interface ReportOptions {
  /** Name in the errors of the template: that of the command. */
  name: string;
  /** As given by the user. */
  format: string | undefined;
  /** The template of the default table, without `table`: `{{.ID}}\t{{.Names}}`. */
  columns: string;
  /** Header of each field; others have the field's name in capitals, its words apart. */
  headers?: Readonly<Record<string, string>>;
  /** --noheading */
  noHeading?: boolean;
}

/** Prints one row an object: a table with header, or each by the user's template. */
export function printRows(
  rows: readonly object[],
  options: ReportOptions,
  write: (text: string) => void,
): void {
  write(formatRows(rows, options));
}

export function formatRows(rows: readonly object[], options: ReportOptions): string {
  const { name, format, columns } = options;
  const given =
    format === undefined || format === "" || format.trim() === "table" ? `table ${columns}` : format;
  const isTable = given.startsWith("table ");
  const text = normalizeFormat(given);
  const template = new Template(name, isTable || !ranges(text) ? `{{range .}}${text}{{end -}}` : text);
  const body = template.execute(rows);
  if (!isTable) return body;
  return alignTabs(
    (options.noHeading ? "" : template.execute([headerRow(rows, columns, options.headers)])) + body,
  );
}

/** One object by a template, as `version` and `info` print it; ends in a newline. */
export function formatOne(name: string, format: string, data: unknown): string {
  return new Template(name, normalizeFormat(format)).execute(data);
}

/** Whether `--format` asks for JSON of everything, which commands print in their own layout. */
export function asksForJson(format: string | undefined): boolean {
  return format !== undefined && /^\s*(json|\{\{\s*json\s*\.?\s*\}\})\s*$/.test(format);
}

export { printJson };

/** `\t` and `\n` may be written so outside of actions; in a table, a space separates columns like a tab. */
function normalizeFormat(format: string): string {
  const isTable = format.startsWith("table ");
  const text = (isTable ? format.slice("table ".length) : format)
    .split(/(\{\{.*?\}\})/s)
    .map((part, position) => {
      if (position % 2 === 1) return part;
      const unescaped = part.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
      return isTable ? unescaped.replaceAll(" ", "\t") : unescaped;
    })
    .join("");
  return text.endsWith("\n") ? text : `${text}\n`;
}

function ranges(text: string): boolean {
  return /\{\{-?\s*range\s*\.\s*-?\}\}.*\{\{-?\s*end\s*-?\s*\}\}/.test(text);
}

function headerRow(
  rows: readonly object[],
  columns: string,
  headers: Readonly<Record<string, string>> = {},
): Map<string, string> {
  const fields = columns.match(/\.[A-Z]\w*/g)?.map((field) => field.slice(1)) ?? [];
  const names = new Set([...fields, ...Object.keys(headers), ...rows.slice(0, 1).flatMap(Object.keys)]);
  return new Map([...names].map((field) => [field, headers[field]?.toUpperCase() ?? headerOf(field)]));
}

/** `CreatedAt` → `CREATED AT` */
function headerOf(field: string): string {
  return field.replace(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3 $2$4").toUpperCase();
}
