import { describe, expect, test } from "vitest";
import { filterContainers } from "../../../src/engine/container/filter.ts";
import type { ContainerSummary } from "../../../src/engine/container/list.ts";
import { containerConfig } from "../oci/container-config.ts";

const summary = (name: string, labels: Record<string, string>, createdAt: string) =>
  ({
    record: { id: name.padEnd(64, "0"), name, createdAt, config: containerConfig({ labels }) },
    status: { state: "exited", last: { exitCode: 3 }, stale: false },
  }) as unknown as ContainerSummary;

const all = [
  summary("new", { a: "1", b: "" }, "2026-01-02T00:00:00.000Z"),
  summary("old", { a: "2" }, "2026-01-01T00:00:00.000Z"),
];
const names = (...filters: string[]) => filterContainers(all, filters).map(({ record }) => record.name);

describe("ps --filter", () => {
  test.each([
    [["label=a"], ["new", "old"]],
    [["label=a=1"], ["new"]],
    [["label=a", "label=b"], ["new"]],
    [["label!=a=1"], ["old"]],
    [["label=toString"], []],
    [["label=__proto__="], []],
    [
      ["name=^n", "name=^o"],
      ["new", "old"],
    ],
    [["name=^n", "label=a=2"], []],
    [["exited=3"], ["new", "old"]],
    [["status=stopped"], ["new", "old"]],
    [["before=new"], ["old"]],
    [["since=old"], ["new"]],
    [["until=2026-01-01T12:00:00Z"], ["old"]],
    [["until=1h30m"], ["new", "old"]],
  ])("%j", (filters, expected) => {
    expect(names(...filters)).toEqual(expected);
  });

  test.each([
    ["foo", 'invalid filter "foo": must be in the format of filter=value'],
    ["foo=1", "foo is an invalid filter"],
    ["before=nobody", 'no container with name or ID "nobody" found'],
    ["until=yesterday", 'failed to parse time/duration value "yesterday"'],
  ])("%s is refused", (filter, message) => {
    expect(() => names(filter)).toThrow(message);
  });
});
