import { print, printJson } from "./output.ts";
import { asksForJson, formatOne } from "./report.ts";
import { GoTime, isObject } from "./template/values.ts";

/** `inspect`: a JSON list of what was found, or each by a template. */
export function showInspected(objects: object[], format: string | undefined, name = "inspect"): void {
  if (format === undefined || asksForJson(format)) printJson(objects, 5);
  else for (const object of objects) print(formatOne(name, format, forTemplate(object)));
}

const times = new Set(["Created", "CreatedAt", "StartedAt", "FinishedAt", "CheckpointedAt", "RestoredAt"]);
const maps = new Set(["Annotations", "Data", "Labels", "Networks", "Options", "Ports", "Sysctls"]);

/** The JSON of an object with the Go types behind it, which templates print in their own way. */
export function forTemplate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forTemplate);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (typeof item === "string" && times.has(key)) return [key, new GoTime(item)];
      if (isObject(item) && maps.has(key)) {
        return [key, new Map(Object.entries(item).map(([name, inner]) => [name, forTemplate(inner)]))];
      }
      return [key, forTemplate(item)];
    }),
  );
}
