/** Gives JSON the Go types behind it, so that templates see what Podman's see: every field, in its order, also if empty. */

import { GoIPNet } from "./ip-net.ts";
import { GoDuration, GoTime } from "./time.ts";
import { type Field, GoFloat, goType, isNil, NilPointer, withType } from "./values.ts";

/**
 * The fields of structs, each as `Name type` or `Name type key`, where JSON has another key; `+type` embeds a struct.
 * They are parted by commas: `{ "define.DriverData": "Name string, Data map[string]string" }`.
 */
export type Structs = Readonly<Record<string, string>>;

/** `json` as a Go value of that type. */
export function goValue(json: unknown, type: string, structs: Structs): unknown {
  if (type.startsWith("*")) return pointer(json, type, structs);
  if (type.startsWith("[]")) return slice(json, type, structs);
  if (type.startsWith("map[")) return map(json, type, structs);
  if (type === "time.Duration") return new GoDuration(Number(json ?? 0));
  if (type === "time.Time") return new GoTime(typeof json === "string" ? json : "0001-01-01T00:00:00Z");
  if (type === "types.IPNet") return new GoIPNet(String(json ?? ""));
  if (Object.hasOwn(structs, type)) return struct(json, type, type, structs);
  if (type === "interface {}") return json ?? new NilPointer(type);
  if (type.startsWith("float")) return new GoFloat(Number(json ?? 0));
  return json ?? zeroOf(type);
}

function zeroOf(type: string): unknown {
  if (type === "bool") return false;
  return /^u?int\d*$/.test(type) ? 0 : "";
}

function pointer(json: unknown, type: string, structs: Structs): unknown {
  const target = type.slice(1);
  const isStruct = Object.hasOwn(structs, target);
  if (isNil(json)) return new NilPointer(type, isStruct ? fieldsOf(target, structs) : undefined);
  return isStruct ? struct(json, target, type, structs) : goValue(json, target, structs);
}

function slice(json: unknown, type: string, structs: Structs): unknown[] {
  const items = Array.isArray(json) ? json : [];
  return withType(
    items.map((item) => goValue(item, type.slice(2), structs)),
    { name: type, nil: !Array.isArray(json) },
  );
}

function map(json: unknown, type: string, structs: Structs): Map<string, unknown> {
  const itemType = type.slice(type.indexOf("]") + 1);
  const entries = isNil(json) ? [] : json instanceof Map ? [...json] : Object.entries(json as object);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const zero = goValue(undefined, itemType, structs);
  return withType(new Map(entries.map(([key, item]) => [key, goValue(item, itemType, structs)])), {
    name: type,
    nil: isNil(json),
    zero,
  });
}

function struct(json: unknown, type: string, name: string, structs: Structs): object {
  const fields = fieldsOf(type, structs);
  const given = (json ?? {}) as Record<string, unknown>;
  const omitted = new Set<string>();
  const value: Record<string, unknown> = {};
  for (const field of fields) {
    const inner = field.embedded ? given : given[field.json];
    if (inner === undefined) omitted.add(field.name);
    value[field.name] = goValue(inner, field.type, structs);
  }
  return withType(value, { name, fields, omitted });
}

/** The names that may follow `path` in a template, with a dot behind those that have fields or keys of their own. */
export function fieldNames(type: string, structs: Structs, path: readonly string[]): string[] {
  const target = type.replace(/^\*/, "");
  const isStruct = Object.hasOwn(structs, target);
  const [name, ...rest] = path;
  if (name === undefined) {
    const fields = isStruct ? fieldsOf(target, structs) : [];
    return fields.map((field) => field.name + (goesOn(field.type, structs) ? "." : ""));
  }
  if (target.startsWith("map[")) return fieldNames(target.slice(target.indexOf("]") + 1), structs, rest);
  const field = isStruct ? fieldsOf(target, structs).find((each) => each.name === name) : undefined;
  return field ? fieldNames(field.type, structs, rest) : [];
}

function goesOn(type: string, structs: Structs): boolean {
  const target = type.replace(/^\*/, "");
  return Object.hasOwn(structs, target) || target.startsWith("map[") || target === "time.Time";
}

function fieldsOf(type: string, structs: Structs): Field[] {
  const text = structs[type] as string;
  if (text === "") return [];
  return text.split(",").map((field) => {
    const [name = "", fieldType = "", json = name] = field
      .trim()
      .replace(/(interface|struct) \{\}/, "$1{}")
      .split(" ");
    if (name.startsWith("+")) {
      const embedded = name.slice(1);
      return { name: embedded.replace(/^.*[.*]/, ""), type: embedded, json: "", embedded: true };
    }
    return { name, type: fieldType.replace("{}", " {}"), json, embedded: false };
  });
}

/** What encoding/json writes for a value: maps by key, structs by their fields, without those that were left out. */
export function plainJson(value: unknown): unknown {
  if (Array.isArray(value)) return goType(value)?.nil ? null : value.map(plainJson);
  if (value instanceof Map) {
    if (goType(value)?.nil) return null;
    return Object.fromEntries(
      [...value].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, plainJson(v)]),
    );
  }
  const type = goType(value);
  if (!type?.fields) return value;
  return Object.fromEntries(
    type.fields.flatMap(({ name, json, embedded }) => {
      const item = plainJson((value as Record<string, unknown>)[name]);
      if (embedded) return Object.entries(item as object);
      return type.omitted?.has(name) ? [] : [[json, item]];
    }),
  );
}
