/** --format as Podman has it: `json`, a Go template, or `table` and a template. */

import { printJson } from "./output.ts";
import { alignTabs } from "./table.ts";
import { TemplateError } from "./template/error.ts";
import { Template } from "./template/evaluate.ts";
import { goType, withType } from "./template/values.ts";

export { withJson } from "./template/values.ts";

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
  /** Go's type of a row, which the errors of templates name. */
  type?: string;
}

/** Prints one row an object: a table with header, or each by the user's template. */
export function printRows(
  rows: readonly object[],
  options: ReportOptions,
  write: (text: string) => void,
): void {
  withPartial(write, () => formatRows(rows, options));
}

export function formatRows(untyped: readonly object[], options: ReportOptions): string {
  const { name, format, columns, headers, noHeading, type } = options;
  const rows = type === undefined ? untyped : typedRows(untyped, type);
  if (format !== undefined && format !== "table" && !isTable(format)) {
    return parse(name, format, enforceRange).execute(rows);
  }
  const template = parse(name, isTable(format) ? format : `table ${columns}`, inRange);
  const heading = noHeading ? "" : template.execute([headerRow(rows, columns, headers)]);
  return alignTabs(heading + template.execute(rows));
}

function typedRows(rows: readonly object[], name: string): object[] {
  const typed = rows.map((row) => (goType(row) ? row : withType(row, { name })));
  return withType(typed, { name: `[]${name}` });
}

/** Prints one object by a template, as `version` and `info` do. */
export function printOne(name: string, format: string, data: unknown, write: (text: string) => void): void {
  withPartial(write, () => formatOne(name, format, data));
}

/** Ends in a newline. */
export function formatOne(name: string, format: string, data: unknown): string {
  return parse(name, format, (text) => text).execute(data);
}

/** Writes what `format` makes, also what it had made when the template turned out to be wrong. */
export function withPartial(write: (text: string) => void, format: () => string): void {
  try {
    write(format());
  } catch (error) {
    if (error instanceof TemplateError && error.output !== "") write(error.output);
    throw error;
  }
}

/**
 * Whether `--format` asks for JSON of everything, which commands print in their own layout. `{{json .}}` doesn't: it is a
 * template, for each one a line.
 */
export function asksForJson(format: string | undefined): boolean {
  return format !== undefined && /^\s*(json|\{\{\s*json\.?\s*\}\})\s*$/.test(format);
}

/** `{{json .}}` and nothing else. */
export function asksForJsonLines(format: string): boolean {
  return /^\s*\{\{\s*json\s+\.\s*\}\}\s*$/.test(format);
}

export { printJson };

export function isTable(format: string | undefined): format is string {
  return format?.startsWith("table ") ?? false;
}

/**
 * `\t` and `\n` may be written so; in a table, a space separates columns like a tab. Since that breaks `{{printf "\n"}}`,
 * a template that can't be parsed so is taken as it was written.
 */
export function parse(name: string, format: string, wrap: (text: string) => string): Template {
  try {
    return new Template(name, wrap(normalized(format)));
  } catch {
    return new Template(name, wrap(format));
  }
}

function normalized(format: string): string {
  const unescaped = format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  const text = isTable(format) ? unescaped.replaceAll("table ", "").replaceAll(" ", "\t") : unescaped;
  return text.endsWith("\n") ? text : `${text}\n`;
}

function inRange(text: string): string {
  return `{{range .}}${text}{{end -}}`;
}

/** Lists are gone through by us, unless the template does. */
export function enforceRange(text: string): string {
  return /\{\{\s*range\s*\.\s*\}\}.*\{\{\s*end\s*-?\s*\}\}/s.test(text) ? text : inRange(text);
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
