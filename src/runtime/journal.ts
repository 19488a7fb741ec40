import { EngineError } from "../errors.ts";
import { childProcess } from "../host/native.ts";
import { findProgram } from "../host/programs.ts";
import { type JournalEntry, JournalExportParser } from "../oci/journal-export.ts";
import type { LogEntry } from "./logs.ts";

/** Where journald takes entries. */
export const JOURNAL_SOCKET = "/run/systemd/journal/socket";

const STDERR_PRIORITY = "3";

/** Reads what a container's monitor has sent to the journal, with journalctl. */
export class JournalReader {
  private readonly program: string;
  private readonly matches: string[];
  private cursor: string | undefined;

  /** `uid`: of the user whose container it is; others can write such entries, too. */
  constructor(id: string, uid: number) {
    const program = findProgram("journalctl");
    if (!program) {
      throw new EngineError("no-journal", "reading the journal: journalctl is not installed", {
        hint: "make the container with --log-driver k8s-file to keep its output in a file",
      });
    }
    this.program = program;
    this.matches = [`CONTAINER_ID_FULL=${id}`, `_UID=${uid}`];
  }

  /** What has been added since the last entry that was read. */
  async *read(): AsyncGenerator<LogEntry> {
    yield* this.entries(this.start([]), () => true);
  }

  /** Goes on until `goesOn`, asked every `interval` milliseconds, says no. */
  async *follow(interval: number, goesOn: () => boolean): AsyncGenerator<LogEntry> {
    yield* this.entries(this.start(["--follow", "--no-tail"]), goesOn, interval);
  }

  private start(args: string[]) {
    const after = this.cursor === undefined ? [] : [`--after-cursor=${this.cursor}`];
    const all = ["--quiet", "--output=export", ...after, ...args, ...this.matches];
    return childProcess().spawn(this.program, all, { stdio: ["ignore", "pipe", "pipe"] });
  }

  private async *entries(
    child: ReturnType<JournalReader["start"]>,
    goesOn: () => boolean,
    interval?: number,
  ): AsyncGenerator<LogEntry> {
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
          yield logEntry(entry);
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

function logEntry(entry: JournalEntry): LogEntry {
  return {
    time: localTime(BigInt(entry.get("__REALTIME_TIMESTAMP")?.toString() ?? 0)),
    stream: entry.get("PRIORITY")?.toString() === STDERR_PRIORITY ? "stderr" : "stdout",
    line: entry.get("MESSAGE") ?? Buffer.alloc(0),
    partial: entry.has("CONTAINER_PARTIAL_MESSAGE"),
  };
}

/** RFC 3339 with nanoseconds in the local zone, as the log files have it. */
export function localTime(microseconds: bigint): string {
  const date = new Date(Number(microseconds / 1000n));
  const east = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + east * 60_000).toISOString().slice(0, 19);
  const two = (value: number) => `${Math.trunc(Math.abs(value))}`.padStart(2, "0");
  const fraction = `${microseconds % 1_000_000n}`.padStart(6, "0");
  return `${local}.${fraction}000${east < 0 ? "-" : "+"}${two(east / 60)}:${two(Math.abs(east) % 60)}`;
}
