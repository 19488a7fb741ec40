import { type Event, parseEvent } from "./event.ts";
import type { JournalEntry } from "./journal-export.ts";

/** An event as the journal has it, in Podman's fields; undefined for another entry. The monitor writes them (native/PROTOCOL.md §3). */
export function journalEvent(entry: JournalEntry): Event | undefined {
  const text = (field: string) => entry.get(field)?.toString();
  const number = (field: string) => (entry.has(field) ? Number(text(field)) : undefined);
  return parseEvent(
    JSON.stringify({
      Time: text("PODMAN_TIME"),
      Type: text("PODMAN_TYPE"),
      Status: text("PODMAN_EVENT"),
      ID: text("PODMAN_ID"),
      Image: text("PODMAN_IMAGE"),
      Name: text("PODMAN_NAME"),
      Network: text("PODMAN_NETWORK_NAME"),
      PodID: text("PODMAN_POD_ID"),
      ContainerExitCode: number("PODMAN_EXIT_CODE"),
      Attributes: labels(text("PODMAN_LABELS")),
      HealthStatus: text("PODMAN_HEALTH_STATUS"),
      HealthFailingStreak: number("PODMAN_HEALTH_FAILING_STREAK"),
      HealthLog: text("PODMAN_HEALTH_LOG"),
      Error: text("ERROR"),
    }),
  );
}

function labels(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? "{}");
  } catch {
    return undefined;
  }
}
