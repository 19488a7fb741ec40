import { LineReader } from "./line-reader.ts";

/** Reading the logs that the monitor writes (formats in native/PROTOCOL.md, "Logs"). */

export interface LogEntry {
  /** RFC 3339 with nanoseconds, as logged. */
  time: string;
  stream: "stdout" | "stderr";
  /** Bytes of the line, without its newline. */
  line: Buffer;
  /** Whether more of the same line follows in the next entry. */
  partial: boolean;
}

/** One line of a k8s-file log: `TIME STREAM F|P LINE`. Undefined for what isn't one. */
function parseK8sLine(line: Buffer): LogEntry | undefined {
  const head = line.subarray(0, 64).toString("latin1");
  const match = /^(\S+) (stdout|stderr) ([FP])(?::\S*)?(?: |$)/.exec(head);
  if (!match) return undefined;
  return {
    time: match[1] as string,
    stream: match[2] as LogEntry["stream"],
    partial: match[3] === "P",
    line: line.subarray(match[0].length),
  };
}

/** One line of a json-file log, as Docker writes it. */
function parseJsonLine(line: Buffer): LogEntry | undefined {
  try {
    const entry = JSON.parse(line.toString()) as { log: string; stream: LogEntry["stream"]; time: string };
    const partial = !entry.log.endsWith("\n");
    const text = partial ? entry.log : entry.log.slice(0, -1);
    return { time: entry.time, stream: entry.stream, partial, line: Buffer.from(text) };
  } catch {
    return undefined;
  }
}

/** A container's log, entry by entry. */
export class LogReader extends LineReader<LogEntry> {
  constructor(file: string, driver: "k8s-file" | "json-file") {
    super(file, driver === "json-file" ? parseJsonLine : parseK8sLine);
  }
}
