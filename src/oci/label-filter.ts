import { keyAndValue } from "./key-value.ts";
/** Whether labels satisfy all of the filters `KEY` and `KEY=VALUE`; a key with a `*`, for any text, may be part of one. */
export function matchesLabels(filters: readonly string[], labels: Readonly<Record<string, string>>): boolean {
  return filters.every((filter) => {
    const [wanted, value = ""] = keyAndValue(filter);
    return Object.entries(labels).some(
      ([key, actual]) =>
        (value === "" || actual === value) && (key === wanted || matchesPattern(wanted, key)),
    );
  });
}

function matchesPattern(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return false;
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(parts.join(".*"), "s").test(text);
}
