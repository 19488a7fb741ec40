import * as fs from "node:fs";
import { isErrno } from "../errors.ts";

/** Splits at newlines; the rest after the last one is returned apart. */
function splitLines(data: Buffer): { lines: Buffer[]; rest: Buffer } {
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
 * A file of lines read from its beginning and then onwards as it grows. Rotation (a new file under the same name, or
 * truncation) is noticed: the old file is read to its end first. Lines that can't be parsed are left out. `isNew`: which
 * line of the new file is the first that the old one didn't have; without one, all are new.
 */
export class LineReader<Entry> {
  private fd: number | undefined;
  private offset = 0;
  private rest: Buffer = Buffer.alloc(0);
  private readonly file: string;
  private readonly parse: (line: Buffer) => Entry | undefined;
  private readonly isNew: (entry: Entry, opened: number) => boolean;
  /** When the file was opened. */
  private opened = 0;

  constructor(
    file: string,
    parse: (line: Buffer) => Entry | undefined,
    isNew: (entry: Entry, opened: number) => boolean = () => true,
  ) {
    this.file = file;
    this.parse = parse;
    this.isNew = isNew;
  }

  /** What has been added since the last call, or since the beginning. */
  *read(): Generator<Entry> {
    this.fd ??= this.open();
    if (this.fd === undefined) return;
    yield* this.drain();
    if (this.rotated()) {
      yield* this.drain();
      const { opened } = this;
      this.close();
      this.fd = this.open();
      if (this.fd === undefined) return;
      const entries = [...this.drain()];
      const first = entries.findIndex((entry) => this.isNew(entry, opened));
      yield* first < 0 ? entries : entries.slice(first);
    }
  }

  /** Leaves out what is there already. */
  skip(): void {
    this.fd ??= this.open();
    if (this.fd !== undefined) this.offset = fs.fstatSync(this.fd).size;
  }

  private *drain(): Generator<Entry> {
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
      this.opened = Date.now();
      return fs.openSync(this.file, "r");
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
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
