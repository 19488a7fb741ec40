import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";

/** `key=value` and `key` (with an empty value), the later ones winning. `files` are texts of --label-file. */
export function parseLabels(
  flags: readonly string[],
  files: readonly string[] = [],
  complaint = "unable to process labels",
): Record<string, string> {
  const lines = files.flatMap((text) => text.split("\n").map((line) => line.trimStart().replace(/\r$/, "")));
  // Podman passes over a line without a value, as in a file of variables.
  const fromFiles = lines.filter((line) => line !== "" && !line.startsWith("#") && line.includes("="));
  for (const line of fromFiles) checkName(line, complaint);
  return Object.fromEntries([...fromFiles, ...flags].map((text) => parseLabel(text, complaint)));
}

function checkName(line: string, complaint: string): void {
  const [name] = keyAndValue(line);
  if (/\s/.test(name)) {
    throw invalid(`${complaint}: name ${JSON.stringify(name)} has white spaces, poorly formatted name`);
  }
}

function parseLabel(text: string, complaint: string): [string, string] {
  const [key, value = ""] = keyAndValue(text);
  if (key === "") throw invalid(`${complaint}: invalid label format: "${text}"`);
  return [key, value];
}

export function parseAnnotations(flags: readonly string[]): Record<string, string> {
  const pairs = flags.map((text): [string, string] => {
    const [key, value] = keyAndValue(text);
    if (value === undefined) throw invalid("annotations must be formatted KEY=VALUE");
    return [key, value];
  });
  return Object.fromEntries(pairs);
}
