import type { Context } from "../../host/context.ts";
import { type Event, type EventBounds, eventBounds, eventFilter, parseEvent } from "../../oci/event.ts";
import { checkEventBackend, eventLogFile, olderEventLogFile } from "../../runtime/event-log.ts";
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
  const parse = (line: Buffer) => parseEvent(line.toString());
  const reader = new LineReader(eventLogFile(ctx), parse);
  try {
    if (options.stream && !options.since && !options.until) {
      reader.skip();
    } else {
      const older = new LineReader(olderEventLogFile(ctx), parse);
      yield* filter(older.read(), wanted);
      older.close();
    }
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

function* filter(events: Iterable<Event>, wanted: (event: Event) => boolean): Generator<Event> {
  for (const event of events) if (wanted(event)) yield event;
}
