import { isObject } from "./template/values.ts";

/** What templates see of a value that JSON has under other names: Go's fields are its keys with a capital letter. */
export function goFields(
  value: unknown,
  /** Fields that are called otherwise. */
  names: Readonly<Record<string, string>>,
  /** Keys whose values are maps in Go, which keep their keys. */
  maps: ReadonlySet<string>,
): unknown {
  if (Array.isArray(value)) return value.map((item) => goFields(item, names, maps));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const name = names[key] ?? key.charAt(0).toUpperCase() + key.slice(1);
      if (maps.has(key) && isObject(item)) return [name, new Map(Object.entries(item))];
      return [name, goFields(item, names, maps)];
    }),
  );
}
