/** An entry in the journal's export format, as far as it is asked for: field names and their bytes. */
export type JournalEntry = Map<string, Buffer>;

const NEWLINE = 10;
const EQUALS = 61;

/**
 * Takes the export format (systemd.io/JOURNAL_EXPORT_FORMATS) apart as it comes: a line `NAME=VALUE`, or, for what isn't text, a
 * line `NAME`, the length in eight bytes, and the value; an entry ends with an empty line.
 */
export class JournalExportParser {
  private rest: Buffer = Buffer.alloc(0);
  private entry: JournalEntry = new Map();

  /** The entries that are complete with this piece. */
  *push(piece: Buffer): Generator<JournalEntry> {
    const data = this.rest.length > 0 ? Buffer.concat([this.rest, piece]) : piece;
    let at = 0;
    for (;;) {
      const end = data.indexOf(NEWLINE, at);
      if (end < 0) break;
      if (end === at) {
        if (this.entry.size > 0) yield this.entry;
        this.entry = new Map();
        at = end + 1;
        continue;
      }
      const line = data.subarray(at, end);
      const equals = line.indexOf(EQUALS);
      if (equals >= 0) {
        this.add(line.subarray(0, equals), line.subarray(equals + 1));
        at = end + 1;
        continue;
      }
      const start = end + 9;
      if (data.length < start) break;
      const length = Number(data.readBigUInt64LE(end + 1));
      if (data.length < start + length + 1) break;
      this.add(line, data.subarray(start, start + length));
      at = start + length + 1;
    }
    this.rest = Buffer.from(data.subarray(at));
  }

  /** Of a field that is there more than once the first counts. */
  private add(name: Buffer, value: Buffer): void {
    const key = name.toString("latin1");
    if (!this.entry.has(key)) this.entry.set(key, value);
  }
}
