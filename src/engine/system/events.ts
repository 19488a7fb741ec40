import type { Context } from "../../host/context.ts";
import { type Event, type EventBounds, eventBounds, eventFilter, parseEvent } from "../../oci/event.ts";
import { checkEventBackend, eventLogFile, eventsBackend, ROTATED } from "../../runtime/event-log.ts";
import { eventJournal } from "../../runtime/journal.ts";
import { LineReader } from "../../runtime/line-reader.ts";

export interface EventsOptions extends EventBounds {
  filters: readonly string[];
  /** Wait for events to come; without bounds, only those are told. */
  stream: boolean;
}

/** How often the log is looked at, in milliseconds; nothing tells of appended bytes more cheaply than that. */
const INTERVAL = 100;

/** Events, oldest first; with `stream` until the end that was given, or for ever. */
export async function* systemEvents(ctx: Context, options: EventsOptions): AsyncGenerator<Event> {
  checkEventBackend(ctx);
  const matches = eventFilter(options.filters);
  const { within, end } = eventBounds(options);
  const wanted = (event: Event) => matches(event) && within(event);
  if (eventsBackend(ctx) === "journald") {
    yield* journalEvents(ctx, options, wanted, end);
    return;
  }
  const parse = (line: Buffer) => parseEvent(line.toString());
  const isRotation = ({ Status, Time }: Event, opened: number) =>
    Status === ROTATED && Date.parse(Time) >= opened;
  const reader = new LineReader(eventLogFile(ctx), parse, isRotation);
  try {
    if (options.stream && !options.since && !options.until) reader.skip();
    for (;;) {
      // Asked before the read: what came until then is told.
      const over = !options.stream || (end !== undefined && Date.now() >= end);
      yield* filter(reader.read(), wanted);
      if (over) return;
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
  } finally {
    reader.close();
  }
}

/** The same from the journal. */
async function* journalEvents(
  ctx: Context,
  { stream, since, until }: EventsOptions,
  wanted: (event: Event) => boolean,
  end: number | undefined,
): AsyncGenerator<Event> {
  const journal = eventJournal(ctx.uid);
  const goesOn = () => end === undefined || Date.now() < end;
  const onlyNew = !since && !until;
  const isOver = !stream || !goesOn();
  for await (const event of isOver ? journal.read() : journal.follow(INTERVAL, goesOn, onlyNew)) {
    if (event !== undefined && wanted(event)) yield event;
  }
}

function* filter(events: Iterable<Event>, wanted: (event: Event) => boolean): Generator<Event> {
  for (const event of events) if (wanted(event)) yield event;
}
