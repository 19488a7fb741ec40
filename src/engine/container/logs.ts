import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { SYSTEMD_UNIT } from "../../oci/auto-update.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import { isFileLog, isPassthrough } from "../../oci/log-options.ts";
import { parseInputTime } from "../../oci/time.ts";
import { type JournalReader, logJournal, unitJournal } from "../../runtime/journal.ts";
import { type LogEntry, LogReader } from "../../runtime/logs.ts";
import { type ContainerRecord, containerDirectory, findRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";

export interface LogsOptions {
  follow: boolean;
  /** Last that many lines; undefined: all. */
  tail?: number | undefined;
  /** Milliseconds since the epoch. */
  since?: number | undefined;
  until?: number | undefined;
}

/** How often a followed log is looked at, in milliseconds; nothing tells of appended bytes more cheaply than that. */
const INTERVAL = 100;

export function logFile(ctx: Context, record: ContainerRecord): string {
  return record.config.log.path || path.join(containerDirectory(ctx, record.id), "ctr.log");
}

/** In a directory that is named as its place, a log lies below the container's id. Returns what was made for it. */
export function placeLog({ log }: ContainerConfig, id: string): string | undefined {
  if (!log.path || !fs.statSync(log.path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const directory = path.join(log.path, id);
  try {
    fs.mkdirSync(directory, 0o755);
  } catch (cause) {
    throw new EngineError(
      "no-log",
      `running container create option: failed to create container log directory ${directory}: mkdir ${directory}: ${reasonOf(cause)}`,
      { cause },
    );
  }
  log.path = path.join(directory, "ctr.log");
  return directory;
}

export interface ContainerLogs {
  id: string;
  name: string;
  entries: AsyncIterable<LogEntry>;
}

/** The container's log, entry by entry, oldest first; with `follow` until the container has ended. */
export function containerLogs(ctx: Context, nameOrId: string, options: LogsOptions): ContainerLogs {
  const record = findRecord(ctx, nameOrId);
  const { driver } = record.config.log;
  const { id, name } = record;
  if (driver === "journald")
    return { id, name, entries: journalEntries(ctx, record, logJournal(id, ctx.uid), options) };
  const unit = record.config.labels[SYSTEMD_UNIT];
  if (isPassthrough(driver) && unit) {
    // The journal has the service's output, also that from before this container.
    const since = Math.max(options.since ?? 0, Date.parse(record.createdAt));
    const journal = unitJournal(unit, ctx.uid);
    return { id, name, entries: journalEntries(ctx, record, journal, { ...options, since }) };
  }
  if (!isFileLog(driver)) {
    throw new EngineError(
      "no-logs",
      `this container is using the '${driver}' log driver, cannot read logs: this container is not logging output`,
      { hint: "make the container with --log-driver k8s-file to keep its output" },
    );
  }
  return { id, name, entries: logEntries(ctx, record, driver, options) };
}

async function* logEntries(
  ctx: Context,
  record: ContainerRecord,
  driver: "k8s-file" | "json-file",
  options: LogsOptions,
): AsyncGenerator<LogEntry> {
  const reader = new LogReader(logFile(ctx, record), driver);
  const wanted = within(options);
  try {
    // Whether it runs is asked before the read: what came in between is then still read after the end.
    let running = isActive(readStatus(ctx, record.id).state);
    yield* lastLines(filter(reader.read(), wanted), options.tail);
    while (options.follow && running) {
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
      running = isActive(readStatus(ctx, record.id).state);
      yield* filter(reader.read(), wanted);
      if (options.until !== undefined && Date.now() > options.until) return;
    }
  } finally {
    reader.close();
  }
}

/** The same from the journal, where what a container has written last may be on its way still when it has ended. */
async function* journalEntries(
  ctx: Context,
  record: ContainerRecord,
  reader: JournalReader<LogEntry>,
  options: LogsOptions,
): AsyncGenerator<LogEntry> {
  const wanted = within(options);
  const isRunning = () => isActive(readStatus(ctx, record.id).state);
  const isOver = () => options.until !== undefined && Date.now() > options.until;
  const running = isRunning();
  yield* lastLines(filterAsync(reader.read(), wanted), options.tail);
  if (!options.follow || !running) return;
  yield* filterAsync(
    reader.follow(INTERVAL, () => isRunning() && !isOver()),
    wanted,
  );
  yield* filterAsync(reader.read(), wanted);
}

function within({ since, until }: LogsOptions): (entry: LogEntry) => boolean {
  return (entry) => {
    const time = parseInputTime(entry.time, true);
    return !(since !== undefined && time <= since) && !(until !== undefined && time >= until);
  };
}

async function* filterAsync(
  entries: AsyncIterable<LogEntry>,
  wanted: (entry: LogEntry) => boolean,
): AsyncGenerator<LogEntry> {
  for await (const entry of entries) if (wanted(entry)) yield entry;
}

function* filter(entries: Iterable<LogEntry>, wanted: (entry: LogEntry) => boolean): Generator<LogEntry> {
  for (const entry of entries) if (wanted(entry)) yield entry;
}

/** The entries of the last `count` whole lines. */
async function* lastLines(
  entries: Iterable<LogEntry> | AsyncIterable<LogEntry>,
  count: number | undefined,
): AsyncGenerator<LogEntry> {
  if (count === undefined || count < 0) {
    yield* entries;
    return;
  }
  const lines: LogEntry[][] = [];
  let current: LogEntry[] = [];
  for await (const entry of entries) {
    current.push(entry);
    if (entry.partial) continue;
    lines.push(current);
    current = [];
    if (lines.length > count) lines.shift();
  }
  if (current.length > 0 && count > 0) {
    lines.push(current);
    if (lines.length > count) lines.shift();
  }
  for (const line of lines) yield* line;
}
