import { EngineError } from "../errors.ts";
import { findProgram } from "../host/programs.ts";
import { childProcess } from "../host/spawn.ts";
import type { Event } from "../oci/event.ts";
import { journalEvent } from "../oci/event-journal.ts";
import { type JournalEntry, JournalExportParser } from "../oci/journal-export.ts";
import type { LogEntry } from "./logs.ts";

/** Where journald takes entries. */
export const JOURNAL_SOCKET = "/run/systemd/journal/socket";

const STDERR_PRIORITY = "3";

/** Reads what we have sent to the journal, with journalctl. */
export class JournalReader<T> {
  private readonly program: string;
  private readonly matches: string[];
  private readonly parse: (entry: JournalEntry) => T;
  private cursor: string | undefined;

  /** Entries that have all these fields, of the user `uid` only: others can write such, too. */
  constructor(fields: readonly string[], uid: number, parse: (entry: JournalEntry) => T, hint: string) {
    const program = findProgram("journalctl");
    if (!program) {
      throw new EngineError("no-journal", "reading the journal: journalctl is not installed", { hint });
    }
    this.program = program;
    this.matches = [...fields, `_UID=${uid}`];
    this.parse = parse;
  }

  /** What has been added since the last entry that was read. */
  async *read(): AsyncGenerator<T> {
    yield* this.entries(this.start([]), () => true);
  }

  /** Goes on until `goesOn`, asked every `interval` milliseconds, says no; `onlyNew` without what there is. */
  async *follow(interval: number, goesOn: () => boolean, onlyNew = false): AsyncGenerator<T> {
    const from = onlyNew ? "--lines=0" : "--no-tail";
    yield* this.entries(this.start(["--follow", from]), goesOn, interval);
  }

  private start(args: string[]) {
    const after = this.cursor === undefined ? [] : [`--after-cursor=${this.cursor}`];
    const all = ["--quiet", "--output=export", ...after, ...args, ...this.matches];
    return childProcess().spawn(this.program, all, { stdio: ["ignore", "pipe", "pipe"] });
  }

  private async *entries(
    child: ReturnType<JournalReader<T>["start"]>,
    goesOn: () => boolean,
    interval?: number,
  ): AsyncGenerator<T> {
    const parser = new JournalExportParser();
    let errors = "";
    child.stderr.on("data", (data) => {
      errors += data;
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    let stopped = false;
    const stop = () => {
      stopped = true;
      child.kill();
    };
    const timer = interval === undefined ? undefined : setInterval(() => goesOn() || stop(), interval);
    try {
      for await (const piece of child.stdout) {
        for (const entry of parser.push(piece)) {
          this.cursor = entry.get("__CURSOR")?.toString() ?? this.cursor;
          yield this.parse(entry);
        }
      }
      const code = await ended;
      if (code === 0 || stopped) return;
      throw new EngineError(
        "no-journal",
        `reading the journal: ${errors.trim() || `journalctl: exit code ${code}`}`,
      );
    } finally {
      clearInterval(timer);
      child.kill();
    }
  }
}

const LOG_HINT = "make the container with --log-driver k8s-file to keep its output in a file";

/** Of the output of a container. */
export function logJournal(id: string, uid: number): JournalReader<LogEntry> {
  return new JournalReader([`CONTAINER_ID_FULL=${id}`], uid, logEntry, LOG_HINT);
}

/** Of what a service of the user's writes to its streams. */
export function unitJournal(unit: string, uid: number): JournalReader<LogEntry> {
  return new JournalReader([`_SYSTEMD_USER_UNIT=${unit}`, "_TRANSPORT=stdout"], uid, logEntry, LOG_HINT);
}

function logEntry(entry: JournalEntry): LogEntry {
  return {
    time: localTime(BigInt(entry.get("__REALTIME_TIMESTAMP")?.toString() ?? 0)),
    stream: entry.get("PRIORITY")?.toString() === STDERR_PRIORITY ? "stderr" : "stdout",
    line: entry.get("MESSAGE") ?? Buffer.alloc(0),
    partial: entry.has("CONTAINER_PARTIAL_MESSAGE"),
  };
}

/** Of events; what isn't one is undefined. */
export function eventJournal(uid: number): JournalReader<Event | undefined> {
  return new JournalReader(["SYSLOG_IDENTIFIER=podman"], uid, journalEvent, "use --events-backend file");
}

/** RFC 3339 with nanoseconds in the local zone, as the log files have it. */
function localTime(microseconds: bigint): string {
  const date = new Date(Number(microseconds / 1000n));
  const east = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + east * 60_000).toISOString().slice(0, 19);
  const two = (value: number) => `${Math.trunc(Math.abs(value))}`.padStart(2, "0");
  const fraction = `${microseconds % 1_000_000n}`.padStart(6, "0");
  return `${local}.${fraction}000${east < 0 ? "-" : "+"}${two(east / 60)}:${two(Math.abs(east) % 60)}`;
}
