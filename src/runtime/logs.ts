import * as fs from "node:fs";
import { isErrno } from "../errors.ts";

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
export function parseK8sLine(line: Buffer): LogEntry | undefined {
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
export function parseJsonLine(line: Buffer): LogEntry | undefined {
  try {
    const entry = JSON.parse(line.toString()) as { log: string; stream: LogEntry["stream"]; time: string };
    const partial = !entry.log.endsWith("\n");
    const text = partial ? entry.log : entry.log.slice(0, -1);
    return { time: entry.time, stream: entry.stream, partial, line: Buffer.from(text) };
  } catch {
    return undefined;
  }
}

/** Splits at newlines; the rest after the last one is returned apart. */
export function splitLines(data: Buffer): { lines: Buffer[]; rest: Buffer } {
  const lines: Buffer[] = [];
  let start = 0;
  for (;;) {
    const end = data.indexOf(10, start);
    if (end < 0) return { lines, rest: data.subarray(start) };
    lines.push(data.subarray(start, end));
    start = end + 1;
  }
}

/**
 * A log file read from its beginning and then onwards as it grows. Rotation (a new file under the same name, or
 * truncation) is noticed: the old file is read to its end first.
 */
export class LogReader {
  private fd: number | undefined;
  private offset = 0;
  private rest: Buffer = Buffer.alloc(0);
  private readonly file: string;
  private readonly parse: (line: Buffer) => LogEntry | undefined;

  constructor(file: string, driver: "k8s-file" | "json-file") {
    this.file = file;
    this.parse = driver === "json-file" ? parseJsonLine : parseK8sLine;
  }

  /** What has been added since the last call, or since the beginning. */
  *read(): Generator<LogEntry> {
    this.fd ??= this.open();
    if (this.fd === undefined) return;
    yield* this.drain();
    if (this.rotated()) {
      yield* this.drain();
      this.close();
      this.fd = this.open();
      if (this.fd !== undefined) yield* this.drain();
    }
  }

  private *drain(): Generator<LogEntry> {
    const buffer = Buffer.allocUnsafe(1 << 18);
    for (;;) {
      const count = fs.readSync(this.fd as number, buffer, 0, buffer.length, this.offset);
      if (count === 0) return;
      this.offset += count;
      const { lines, rest } = splitLines(Buffer.concat([this.rest, buffer.subarray(0, count)]));
      this.rest = Buffer.from(rest);
      for (const line of lines) {
        const entry = this.parse(line);
        if (entry) yield entry;
      }
    }
  }

  private open(): number | undefined {
    try {
      this.offset = 0;
      this.rest = Buffer.alloc(0);
      return fs.openSync(this.file, "r");
    } catch (error) {
      if (isErrno(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  private rotated(): boolean {
    try {
      const named = fs.statSync(this.file);
      const opened = fs.fstatSync(this.fd as number);
      return named.ino !== opened.ino || named.size < this.offset;
    } catch {
      return false;
    }
  }

  close(): void {
    if (this.fd !== undefined) fs.closeSync(this.fd);
    this.fd = undefined;
  }
}
