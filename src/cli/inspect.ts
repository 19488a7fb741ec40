import { print, printJson } from "./output.ts";
import { asksForJson, formatOne } from "./report.ts";

/** `inspect`: a JSON list of what was found, or each by a template. */
export function showInspected(objects: object[], format: string | undefined): void {
  if (format === undefined || asksForJson(format)) printJson(objects);
  else for (const object of objects) print(formatOne("inspect", format, object));
}
