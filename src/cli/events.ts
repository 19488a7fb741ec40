import { type Event, eventTime } from "../oci/event.ts";
import { GoTime } from "./template/time.ts";
import { withType } from "./template/values.ts";

/** One line for people. */
export function eventText(event: Event, truncate: boolean): string {
  const { Type, Status, Name = "", ID = "", Image = "", Network = "" } = event;
  const id = truncate ? ID.slice(0, 12) : ID;
  const head = `${new GoTime(event.Time)} ${Type} ${Status}`;
  switch (Type) {
    case "container":
    case "pod":
      return `${head} ${id} (${[`image=${Image}`, `name=${Name}`, ...details(event)].join(", ")})`;
    case "network": {
      const driver = event.Attributes?.driver;
      return driver !== undefined && (Status === "create" || Status === "remove")
        ? `${head} ${ID} (name=${Network}, type=${driver})`
        : `${head} ${id} (container=${id}, name=${Network})`;
    }
    case "image":
    case "artifact":
      return `${head} ${id} ${Name}${event.Error ? ` ${event.Error}` : ""}`;
    case "secret":
      return `${head} ${id}`;
    default:
      return Name ? `${head} ${Name}` : head;
  }
}

function details(event: Event): string[] {
  const health =
    event.HealthStatus === undefined
      ? []
      : [
          `health_status=${event.HealthStatus}`,
          `health_failing_streak=${event.HealthFailingStreak ?? 0}`,
          `health_log=${event.HealthLog ?? ""}`,
        ];
  return [
    ...(event.PodID ? [`pod_id=${event.PodID}`] : []),
    ...health,
    ...Object.entries(event.Attributes ?? {}).map(([key, value]) => `${key}=${value}`),
  ];
}

/** One line of JSON, with Podman's keys in Podman's order; empty ones are left out. */
export function eventJson(event: Event): string {
  const { seconds, nanoseconds } = eventTime(event);
  const text = JSON.stringify({
    ContainerExitCode: event.ContainerExitCode,
    ID: event.ID || undefined,
    Image: event.Image || undefined,
    Name: event.Name || undefined,
    network: event.Network || undefined,
    Status: event.Status,
    time: seconds,
    timeNano: 0,
    Type: event.Type,
    health_status: event.HealthStatus || undefined,
    Error: event.Error || undefined,
    PodID: event.PodID || undefined,
    Attributes: event.Attributes ?? null,
  });
  // More digits than a number can hold.
  return text.replace('"timeNano":0', `"timeNano":${nano(seconds, nanoseconds)}`);
}

/** What templates see. */
export function eventFields(event: Event): object {
  const { seconds, nanoseconds } = eventTime(event);
  const fields = {
    ContainerExitCode: event.ContainerExitCode ?? null,
    ID: event.ID ?? "",
    Image: event.Image ?? "",
    Name: event.Name ?? "",
    Network: event.Network ?? "",
    Status: event.Status,
    Time: seconds,
    TimeNano: BigInt(nano(seconds, nanoseconds)),
    Type: event.Type,
    HealthStatus: event.HealthStatus ?? "",
    Error: event.Error ?? "",
    Details: {
      ContainerInspectData: event.ContainerInspectData ?? "",
      PodID: event.PodID ?? "",
      Attributes: new Map(Object.entries(event.Attributes ?? {})),
    },
    ContainerInspectData: event.ContainerInspectData ?? "",
    PodID: event.PodID ?? "",
    Attributes: new Map(Object.entries(event.Attributes ?? {})),
    ToHumanReadable: (truncate: boolean) => eventText(event, truncate),
  };
  return withType(fields, { name: "system.Event" });
}

function nano(seconds: number, nanoseconds: number): string {
  return `${seconds}${String(nanoseconds).padStart(9, "0")}`;
}
