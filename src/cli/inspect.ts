import type { InspectedNetwork } from "../engine/network/inspect.ts";
import { EngineError, rephrase } from "../errors.ts";
import { goFields } from "./go-fields.ts";
import { containerStructs, containerType } from "./inspect-container-types.ts";
import { imageStructs, imageType, volumeStructs, volumeType } from "./inspect-types.ts";
import { inspectedFields } from "./network-report.ts";
import { errorLine, print, printError } from "./output.ts";
import { asksForJson, enforceRange, parse, withJson, withPartial } from "./report.ts";
import { GoDuration, GoTime, GoValue } from "./template/time.ts";
import { goValue } from "./template/types.ts";
import { isObject, shownAsJson } from "./template/values.ts";

/**
 * Prints what `inspect` found, and what it could not find, in Podman's order and forms: a template that fails is the last
 * failure, and of several the first comes last.
 */
export function showInspected(
  objects: object[],
  format: string | undefined,
  failures: readonly unknown[],
  report: (error: unknown) => void,
): void {
  const printing = printInspected(objects, format);
  const [first, ...others] = printing === undefined ? failures : [...failures, printing];
  for (const error of others) {
    if (!(error instanceof EngineError)) throw error;
    printError(errorLine(error).replace(/^Error: /, "error "));
  }
  if (first !== undefined) report(first);
}

/** Returns the failure of a template on what is there; one that can't be read is refused at once. */
function printInspected(objects: object[], format: string | undefined): unknown {
  try {
    withPartial(print, () => inspectText(objects, format));
    return undefined;
  } catch (error) {
    if (!(error instanceof EngineError) || /^template: [^:]*:\d+: (?!executing)/.test(error.message))
      throw error;
    return rephrase(error, {
      prefix: "inspecting object: printing inspect output: ",
      exitCode: error.exitCode,
    });
  }
}

/** A JSON list of the objects, or each by a template. */
export function inspectText(objects: object[], format: string | undefined): string {
  if (format === undefined || asksForJson(format)) return `${JSON.stringify(objects, null, 5)}\n`;
  return parse("inspect", goNames(format), enforceRange).execute(
    objects.map((object) => withJson(withGoTypes(object) as object, shownAsJson(object) ?? (() => object))),
  );
}

/** Of artifacts, images, containers, networks and volumes all types are known. */
function withGoTypes(object: object): unknown {
  if ("network_interface" in object) return inspectedFields(object as InspectedNetwork);
  if ("NamesHistory" in object) return goValue(object, imageType, imageStructs);
  if ("Manifest" in object) return goFields(object, { urls: "URLs" }, new Set(["annotations"]));
  if ("NeedsCopyUp" in object) return goValue(object, volumeType, volumeStructs);
  if (!("NetworkSettings" in object)) return forTemplate(object);
  const typed = { ...object, NetworkSettings: forTemplate(object.NetworkSettings) };
  return goValue(typed, containerType, containerStructs);
}

const times = new Set([
  "Created",
  "CreatedAt",
  "UpdatedAt",
  "StartedAt",
  "FinishedAt",
  "CheckpointedAt",
  "RestoredAt",
]);
const maps = new Set(["Networks", "Ports"]);
/** With "" for a key that isn't there, and nothing printed where there are none. */
const textMaps = new Set(["Annotations", "Data", "Labels", "Options", "Sysctls"]);

/** Left out of the JSON where they are false; other such fields are texts. */
const flags = new Set(["Init"]);

const checks = new Set(["Healthcheck", "StartupHealthCheck"]);

function durations(check: Record<string, unknown>): Record<string, GoDuration> {
  const names = ["StartPeriod", "Interval", "Timeout"].filter((name) => typeof check[name] === "number");
  return Object.fromEntries(names.map((name) => [name, new GoDuration(check[name] as number)]));
}

/** JSON says `Id` where Go's field is `ID`; both are in use, and a few short forms. */
function goNames(format: string): string {
  const renamed: Record<string, string> = { Id: "ID", ImageID: "Image", Src: "Source", Dst: "Destination" };
  return format.replace(/\{\{.*?\}\}/gs, (action) =>
    action
      .replace(".State.Healthcheck", ".State.Health")
      .replace(/\.(Id|ImageID|Src|Dst)\b/g, (_field, name: string) => `.${renamed[name]}`),
  );
}

/** The JSON of an object with the Go types behind it, which templates print in their own way. */
export function forTemplate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forTemplate);
  if (!isObject(value) || value instanceof GoValue) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (item === undefined) return [key, flags.has(key) ? false : ""];
      if (typeof item === "string" && times.has(key)) return [key, new GoTime(item)];
      if ((item === null || isObject(item)) && textMaps.has(key)) {
        return [key, goValue(item, "map[string]string", {})];
      }
      if (isObject(item) && maps.has(key)) {
        return [key, new Map(Object.entries(item).map(([name, inner]) => [name, forTemplate(inner)]))];
      }
      if (isObject(item) && checks.has(key)) return [key, forTemplate({ ...item, ...durations(item) })];
      return [key === "Id" ? "ID" : key, forTemplate(item)];
    }),
  );
}
