import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno } from "../errors.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { writeFileAtomic } from "../host/files.ts";
import { withLock } from "../host/lock.ts";
import { nativePath, runProgram } from "../host/spawn.ts";
import type { Event } from "../oci/event.ts";
import { parseDecimalBytes } from "../oci/units.ts";
import { JOURNAL_SOCKET } from "./journal.ts";
import { type ContainerRecord, containerDirectory } from "./records.ts";

/*
 * `<graphRoot>/events/events.log`: one line of JSON an event, appended with one write each, by commands and monitors. It is
 * not fsynced, and an event that can't be written is lost: nothing fails for it.
 */

/** Then the older half goes. */
const MAX_SIZE = "1m";

/** The status of the event of that. */
export const ROTATED = "log-rotation";

export function eventLogFile(ctx: Context): string {
  return ctx.config.engine.events_logfile_path || path.join(ctx.graphRoot, "events", "events.log");
}

export function eventsBackend(ctx: Context): "file" | "journald" | "none" {
  return ctx.options.eventsBackend ?? configuredBackend(ctx.config.engine.events_logger || "file");
}

/** Where there is no journal a configuration that names it, as distributions' may, means the file. */
function configuredBackend(name: string): "file" | "journald" | "none" {
  const lower = name.toLowerCase();
  if (lower === "file" || lower === "none") return lower;
  if (lower === "journald") return fs.existsSync(JOURNAL_SOCKET) ? lower : "file";
  throw new EngineError("bad-config", `unknown event logger type: ${name.toUpperCase()}`, {
    hint: "events_logger of containers.conf is file, journald or none",
  });
}

export function recordEvent(ctx: Context, event: Omit<Event, "Time">): void {
  const backend = eventsBackend(ctx);
  if (backend === "none") return;
  const line = lineOf(event);
  if (backend === "journald") {
    runProgram(nativePath(ctx, "coracle-monitor"), ["event", JOURNAL_SOCKET, line.trimEnd()]);
    return;
  }
  try {
    append(eventLogFile(ctx), line);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) return;
    unlessRefused(() => {
      ensureDirectory(path.dirname(eventLogFile(ctx)));
      append(eventLogFile(ctx), line);
    });
  }
}

function unlessRefused(write: () => void): void {
  try {
    write();
  } catch {
    // lost
  }
}

function lineOf(event: Omit<Event, "Time">): string {
  return `${JSON.stringify({ Time: now(), ...event })}\n`;
}

function append(file: string, line: string | Uint8Array): void {
  const { O_WRONLY, O_APPEND, O_CREAT } = fs.constants;
  const fd = fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT, 0o600);
  try {
    fs.writeFileSync(fd, line);
  } finally {
    fs.closeSync(fd);
  }
}

/** With microseconds, unless the clock was set or the machine slept since this process began. */
function now(): string {
  const coarse = Date.now();
  const fine = performance.timeOrigin + performance.now();
  const time = Math.abs(fine - coarse) < 2 ? fine : coarse;
  const microseconds = Math.floor((time % 1) * 1000);
  return new Date(Math.floor(time)).toISOString().replace("Z", `${String(microseconds).padStart(3, "0")}Z`);
}

export function recordContainerEvent(
  ctx: Context,
  record: ContainerRecord,
  status: string,
  more: Partial<Event> = {},
): void {
  recordEvent(ctx, { Status: status, ...more, ...subject(record) });
}

function subject({ id, name, config }: ContainerRecord): Omit<Event, "Time" | "Status"> {
  return {
    Type: "container",
    ID: id,
    Image: config.image?.name ?? "",
    Name: name,
    Attributes: config.labels,
  };
}

/**
 * `DIR/events`, by which the monitor knows what to write where: the log, and on the second line the members of every event
 * of this container. Before each start, and after a rename.
 */
export function writeEventSubject(ctx: Context, record: ContainerRecord): void {
  const backend = eventsBackend(ctx);
  const log = { file: eventLogFile(ctx), journald: `journal:${JOURNAL_SOCKET}`, none: "" }[backend];
  const members = JSON.stringify(subject(record)).slice(1, -1);
  writeFileAtomic(path.join(containerDirectory(ctx, record.id), "events"), `${log}\n${members}\n`, {
    durable: false,
  });
  if (backend === "file") unlessRefused(() => ensureDirectory(path.dirname(log)));
}

/** Begins a new log when it has become large, with the younger half of what was in it. */
export async function rotateEventLog(ctx: Context): Promise<void> {
  if (!isLarge(ctx)) return;
  await withLock(ctx, "events", () => {
    if (isLarge(ctx)) dropOlderHalf(eventLogFile(ctx));
  });
}

function isLarge(ctx: Context): boolean {
  if (eventsBackend(ctx) !== "file") return false;
  const size = sizeOf(eventLogFile(ctx));
  const limit = parseDecimalBytes(ctx.config.engine.events_logfile_max_size || MAX_SIZE);
  return limit > 0 && size >= limit;
}

function dropOlderHalf(file: string): void {
  const fd = fs.openSync(file, "r");
  try {
    const { size, mode } = fs.fstatSync(fd);
    const half = read(fd, Math.floor(size / 2), size);
    const kept = half.subarray(half.indexOf(10) + 1);
    const rotated = lineOf({ Type: "system", Status: ROTATED, Name: file });
    writeFileAtomic(file, Buffer.concat([kept, Buffer.from(rotated)]), {
      mode: mode & 0o777,
      durable: false,
    });
    // Who had opened the old one before has no lock, and may have written since.
    append(file, read(fd, size, fs.fstatSync(fd).size));
  } finally {
    fs.closeSync(fd);
  }
}

function read(fd: number, from: number, to: number): Buffer {
  const buffer = Buffer.alloc(to - from);
  return buffer.subarray(0, fs.readSync(fd, buffer, 0, buffer.length, from));
}

function sizeOf(file: string): number {
  try {
    return fs.statSync(file).size;
  } catch {
    return 0;
  }
}

/** Refuses where no events are kept. */
export function checkEventBackend(ctx: Context): void {
  if (eventsBackend(ctx) !== "none") return;
  throw new EngineError("no-events", 'cannot read events with the "none" backend');
}
