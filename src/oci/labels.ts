import { invalid } from "./invalid.ts";

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
  const name = line.slice(0, line.indexOf("="));
  if (/\s/.test(name)) {
    throw invalid(`${complaint}: name ${JSON.stringify(name)} has white spaces, poorly formatted name`);
  }
}

function parseLabel(text: string, complaint: string): [string, string] {
  const equals = text.indexOf("=");
  const key = equals < 0 ? text : text.slice(0, equals);
  if (key === "") throw invalid(`${complaint}: invalid label format: "${text}"`);
  return [key, equals < 0 ? "" : text.slice(equals + 1)];
}

export function parseAnnotations(flags: readonly string[]): Record<string, string> {
  const pairs = flags.map((text): [string, string] => {
    const equals = text.indexOf("=");
    if (equals < 0) throw invalid("annotations must be formatted KEY=VALUE");
    return [text.slice(0, equals), text.slice(equals + 1)];
  });
  return Object.fromEntries(pairs);
}
