import { cleanPath } from "./container-path.ts";
import { invalid } from "./invalid.ts";

/** The lines of mounts.conf(5): `/host/directory:/container/directory`, or one path that is both. */
export function parseDefaultMounts(text: string, file: string): { source: string; destination: string }[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => parseLine(line, file));
}

function parseLine(line: string, file: string): { source: string; destination: string } {
  const [source = "", destination = source, ...more] = line.split(":");
  if (more.length > 0 || !source.startsWith("/") || !destination.startsWith("/")) {
    throw invalid(`${file}: "${line}" is not of the form /host/directory:/container/directory`);
  }
  return { source: cleanPath(source), destination: cleanPath(destination) };
}
