import { EngineError } from "../errors.ts";
import { keyAndValue } from "./key-value.ts";
import { parseInputTime } from "./time.ts";

/** One line of the event log; the keys are Podman's. The monitor writes such lines, too (native/PROTOCOL.md §3). */
export interface Event {
  /** RFC 3339, with up to nanoseconds. */
  Time: string;
  Type: EventType;
  /** What happened: `create`, `died`, … */
  Status: string;
  ID?: string;
  /** Of a container: the name of its image. */
  Image?: string;
  Name?: string;
  /** Name of a network. */
  Network?: string;
  ContainerExitCode?: number;
  HealthStatus?: string;
  HealthFailingStreak?: number;
  HealthLog?: string;
  /** Of a new container, where containers.conf asks for it: what `inspect` shows of it. */
  ContainerInspectData?: string;
  Error?: string;
  PodID?: string;
  /** Of a container: its labels. */
  Attributes?: Record<string, string>;
}

const eventTypes = [
  "artifact",
  "container",
  "image",
  "machine",
  "network",
  "pod",
  "secret",
  "system",
  "volume",
] as const;

export type EventType = (typeof eventTypes)[number];

/** How every event begins, and where nothing else does: JSON escapes the quotes inside of strings. */
const HEAD = '{"Time":';

/** Undefined for a line that isn't one. Behind one that was cut off when the machine stopped, the next is found. */
export function parseEvent(text: string): Event | undefined {
  const line = text.slice(Math.max(text.lastIndexOf(HEAD), 0));
  try {
    const event = JSON.parse(line) as Partial<Event> | null;
    const isEvent = typeof event?.Time === "string" && typeof event.Status === "string";
    return isEvent && eventTypes.includes(event.Type as EventType) ? (event as Event) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds since the epoch, and the nanoseconds beyond. */
export function eventTime({ Time }: Event): { seconds: number; nanoseconds: number } {
  const fraction = /\.(\d+)/.exec(Time)?.[1] ?? "";
  return {
    seconds: Math.floor(Date.parse(Time.replace(/\.\d+/, "")) / 1000),
    nanoseconds: Number(fraction.padEnd(9, "0").slice(0, 9)),
  };
}

export type EventPredicate = (event: Event) => boolean;

/** A container, image, pod, … is named by its name or by the beginning of its id. */
const isNamed =
  (type: EventType): ((value: string) => EventPredicate) =>
  (value) =>
  (event) =>
    event.Type === type && (event.Name === value || (event.ID ?? "").startsWith(value));

const predicates: Record<string, (value: string) => EventPredicate> = {
  artifact: isNamed("artifact"),
  container: isNamed("container"),
  event: hasStatus,
  image: isNamed("image"),
  label: hasLabel,
  network: (value) => (event) =>
    event.Type === "network" && (event.Network === value || (event.ID ?? "").startsWith(value)),
  pod: (value) => (event) => isNamed("pod")(value)(event) || Boolean(event.PodID?.startsWith(value)),
  secret: isNamed("secret"),
  status: hasStatus,
  type: (value) => (event) => event.Type === value,
  volume: (value) => (event) => event.Type === "volume" && (event.Name ?? "").startsWith(value),
};

/** `die` is Docker's word. */
function hasStatus(value: string): EventPredicate {
  const wanted = value === "die" ? "died" : value;
  return ({ Status }) => Status === wanted;
}

function hasLabel(value: string): EventPredicate {
  const [key, wanted] = keyAndValue(value);
  return ({ Attributes = {} }) =>
    Object.hasOwn(Attributes, key) && (wanted === undefined || Attributes[key] === wanted);
}

/** `KEY=VALUE` filters: values of one key are alternatives, and every key must hold. */
export function eventFilter(filters: readonly string[]): EventPredicate {
  const byKey = new Map<string, EventPredicate[]>();
  for (const filter of filters) {
    const [name, value] = keyAndValue(filter);
    if (value === undefined) throw badFilter(`${filter} is an invalid filter`);
    const key = name.toLowerCase();
    const predicate = Object.hasOwn(predicates, key) ? predicates[key] : undefined;
    if (!predicate) throw badFilter(`${key} is an invalid filter`);
    byKey.set(key, [...(byKey.get(key) ?? []), predicate(value)]);
  }
  return (event) => [...byKey.values()].every((some) => some.some((holds) => holds(event)));
}

export interface EventBounds {
  since?: string | undefined;
  until?: string | undefined;
}

/** What lies between --since and --until; `end` is when nothing more can come. */
export function eventBounds({ since, until }: EventBounds): {
  within: EventPredicate;
  end: number | undefined;
} {
  const start = bound("since", since);
  const end = bound("until", until);
  const within = ({ Time }: Event) => {
    const time = parseInputTime(Time, true);
    return !(start !== undefined && time <= start) && !(end !== undefined && time >= end);
  };
  return { within, end };
}

function bound(name: "since" | "until", text: string | undefined): number | undefined {
  if (!text) return undefined;
  try {
    return parseInputTime(text, name === "since");
  } catch (error) {
    throw badFilter(`unable to convert ${name} time of ${text}: ${(error as Error).message}`);
  }
}

function badFilter(message: string): EngineError {
  return new EngineError("bad-filter", `failed to parse event filters: ${message}`);
}
