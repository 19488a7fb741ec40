import { describe, expect, test } from "vitest";
import { type Event, eventBounds, eventFilter, eventTime, parseEvent } from "../../../src/oci/event.ts";

const died: Event = {
  Time: "2026-01-31T12:00:00.5Z",
  Type: "container",
  Status: "died",
  ID: "abc123",
  Name: "web",
  Image: "docker.io/library/bb:1",
  ContainerExitCode: 3,
  Attributes: { app: "shop", empty: "" },
};
const volume: Event = { Time: "2026-01-31T12:00:01Z", Type: "volume", Status: "create", Name: "data" };

test("a line that isn't an event is none", () => {
  expect(parseEvent(JSON.stringify(died))).toEqual(died);
  for (const line of ["", "{", '{"Time":"x"}', "null", '{"Time":"x","Status":"y","Type":"z"}', "\0\0"]) {
    expect(parseEvent(line), line).toBeUndefined();
  }
});

test("what was cut off does not hide the event behind it", () => {
  expect(parseEvent(`{"Time":"2026-0\0\0${JSON.stringify(died)}`)).toEqual(died);
  const labels = { Attributes: { x: '{"Time":' } };
  expect(parseEvent(JSON.stringify({ ...died, ...labels }))).toEqual({ ...died, ...labels });
});

describe("filters", () => {
  const holds = (event: Event, ...filters: string[]) => eventFilter(filters)(event);

  test.each([
    ["container=web", true],
    ["container=abc", true],
    ["CONTAINER=web", true],
    ["container=we", false],
    ["event=died", true],
    ["event=die", true],
    ["status=start", false],
    ["type=container", true],
    ["type=image", false],
    ["image=docker.io/library/bb:1", false],
    ["volume=web", false],
    ["label=app", true],
    ["label=app=shop", true],
    ["label=app=", false],
    ["label=empty=", true],
  ])("%s", (filter, expected) => {
    expect(holds(died, filter)).toBe(expected);
  });

  test("values of one key are alternatives, keys are not", () => {
    expect(holds(died, "event=start", "event=died")).toBe(true);
    expect(holds(died, "event=died", "type=image")).toBe(false);
    expect(holds(volume, "volume=da")).toBe(true);
  });

  test("unknown ones are refused", () => {
    expect(() => eventFilter(["foo=bar"])).toThrow("failed to parse event filters: foo is an invalid filter");
    expect(() => eventFilter(["constructor=x"])).toThrow("constructor is an invalid filter");
    expect(() => eventFilter(["event"])).toThrow("failed to parse event filters: event is an invalid filter");
  });
});

describe("since and until", () => {
  const within = (since?: string, until?: string) => eventBounds({ since, until }).within(died);

  test("exclude the moment itself", () => {
    expect(within()).toBe(true);
    expect(within("2026-01-31T12:00:00.499999Z")).toBe(true);
    expect(within("2026-01-31T12:00:00.5Z")).toBe(false);
    expect(within(undefined, "2026-01-31T12:00:00.5Z")).toBe(false);
    expect(within("2026-01-31", "2026-02-01")).toBe(true);
    expect(within("1769860800", "1769860800.75")).toBe(true);
    expect(within("5m")).toBe(false);
  });

  test("a duration counts back from now, or ahead", () => {
    const before = Date.now();
    const { end } = eventBounds({ until: "10s" });
    expect(end).toBeGreaterThanOrEqual(before + 10_000);
    expect(end).toBeLessThanOrEqual(Date.now() + 10_000);
    expect(eventBounds({ since: "10s" }).end).toBeUndefined();
  });

  test("nonsense is refused", () => {
    expect(() => eventBounds({ until: "soon" })).toThrow(
      "failed to parse event filters: unable to convert until time of soon: unable to interpret time value",
    );
  });
});

test("time with nanoseconds", () => {
  expect(eventTime({ ...died, Time: "2026-01-31T12:00:00.000000042Z" })).toEqual({
    seconds: 1769860800,
    nanoseconds: 42,
  });
});
