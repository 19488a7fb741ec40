/** What may differ between two runs of even the same program is replaced by what it stands for. */
import type { RunResult } from "../support/process.ts";

export interface Output {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

const TIMES: [RegExp, string][] = [
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "<TIME>"],
  [
    /\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} (UTC|[A-Z]{3,4}|[+-]\d{2,4})( m=[+-][\d.]+)?/g,
    "<TIME>",
  ],
  // Durations in Go's form.
  [/\b(\d+h)?(\d+m)?\d+(\.\d+s|(\.\d+)?ms)\b/g, "<SPAN>"],
  [/\b(Less than a second|About a minute|About an hour|\d+ (second|minute|hour)s?)( ago)?\b/g, "<SPAN>$3"],
];

const ALWAYS: [RegExp, string][] = [
  [/\b[0-9a-f]{64}\b/g, "<ID>"],
  [/\b[0-9a-f]{12}\b/g, "<SHORT ID>"],
  [/\b(podman|coracle)\b/g, "<PROGRAM>"],
  [/\b(Podman|Coracle)\b/g, "<PROGRAM>"],
  // What runs the container, in its errors; our own runtime is no other program to name.
  [
    /^(Error: (unable to start container \S+: )?(OCI runtime error: )?)(crun|runc|<PROGRAM>-runtime): /gm,
    "$1",
  ],
  // As Podman has it since 4.4: a container that is up was not so ago.
  [/\bUp (Less than a second|About a minute|About an hour|\d+ (second|minute|hour)s?) ago\b/g, "Up $1"],
  // The name of a type of Podman's sources.
  [/(can't evaluate field \w+ in type ).*$/gm, "$1<TYPE>"],
];

function normaliseText(text: string, directory: string): string {
  let result = text
    .replaceAll(`${directory}/home/.local/share/containers/storage`, "<STORE>")
    .replaceAll(`${directory}/home/.local/share/coracle`, "<STORE>")
    .replaceAll(directory, "<HOME>");
  // Where each keeps what belongs to a layer.
  result = result.replace(/<STORE>\/(overlay|layers)\//g, "<STORE>/<LAYERS>/");
  for (const [pattern, name] of ALWAYS) result = result.replace(pattern, name);
  const withTimes = result;
  for (const [pattern, name] of TIMES) result = result.replace(pattern, name);
  // The widths of columns depend on the times in them.
  return result === withTimes ? result : result.replace(/ {2,}/g, "  ").replace(/ +$/gm, "");
}

/** What Podman logs besides its answer is about its own affairs. */
function withoutLog(text: string): string {
  return text.replace(/^time="[^"]*" level=(warning|info).*\n/gm, "");
}

export function normalise(result: RunResult, directory: string, unordered: boolean): Output {
  const text = (raw: string) => {
    const normal = normaliseText(withoutLog(raw), directory);
    return unordered ? normal.split("\n").sort().join("\n") : normal;
  };
  return { exitCode: result.exitCode, stdout: text(result.stdout), stderr: text(result.stderr) };
}

/**
 * Ours with the remedies taken off: wherever Podman's error is the beginning of our line, and what follows is a sentence
 * of its own.
 */
export function withoutRemedies(ours: string, podmans: string): string {
  const expected = podmans.split("\n");
  const kept = ours.split("\n").map((line, number) => {
    const text = expected[number] ?? "";
    const isError = text.startsWith("Error: ") && line.startsWith(text);
    return isError && /^(; |\. |: | \()/.test(line.slice(text.length)) ? text : line;
  });
  return kept.join("\n");
}
