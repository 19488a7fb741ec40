import { describe, expect, test } from "vitest";
import { filterContainers, filterForPrune } from "../../../src/engine/container/filter.ts";
import type { ContainerSummary } from "../../../src/engine/container/list.ts";
import type { NetworkMode } from "../../../src/oci/container.ts";
import { containerConfig } from "../oci/container-config.ts";

const image = { reference: "bb", id: "abc".padEnd(64, "0"), name: "docker.io/library/bb:latest" };
const volume = { type: "volume" as const, source: "data", destination: "/data", options: [] };

const network = { kind: "bridge" as const, networks: [{ name: "net" }] } as unknown as NetworkMode;

const summary = (name: string, labels: Record<string, string>, createdAt: string) =>
  ({
    record: {
      id: name.padEnd(64, "0"),
      name,
      createdAt,
      config: containerConfig({
        labels,
        annotations: { of: name },
        network,
        image,
        mounts: [volume],
        command: ["/bin/sleep", "1"],
      }),
    },
    status: { state: "exited", last: { exitCode: 3 }, stale: false },
    health: "",
  }) as unknown as ContainerSummary;

const all = [
  summary("new", { a: "1", b: "", "com.example": "x" }, "2026-01-02T00:00:00.000Z"),
  summary("old", { a: "2" }, "2026-01-01T00:00:00.000Z"),
];
const lookups = {
  all,
  networkName: (id: string) => (id === "abc" ? "net" : undefined),
  imageId: (name: string) => (name === "tagged" ? image.id : undefined),
};
const names = (...filters: string[]) =>
  filterContainers(all, filters, lookups).map(({ record }) => record.name);

describe("ps --filter", () => {
  test.each([
    [["label=a"], ["new", "old"]],
    [["label=a=1"], ["new"]],
    [["label=a="], ["new", "old"]],
    [["label=a", "label=b"], ["new"]],
    [["label=exam*"], ["new"]],
    [["label!=a=1"], ["old"]],
    [["label!=a=1", "label!=a=2"], []],
    [["annotation=of"], ["new", "old"]],
    [["annotation=of=old"], ["old"]],
    [["annotation=of", "annotation=of=old"], ["old"]],
    [["annotation!=of=old"], ["new"]],
    [["label=toString"], []],
    [["label=__proto__="], []],
    [
      ["name=^n", "name=^o"],
      ["new", "old"],
    ],
    [["name=/new"], ["new"]],
    [["name=("], []],
    [["name=^n", "label=a=2"], []],
    [["exited=3"], ["new", "old"]],
    [["exited=0"], []],
    [["status=stopped"], ["new", "old"]],
    [["before=new"], ["old"]],
    [["since=old"], ["new"]],
    [["since=old", "since=new"], ["new"]],
    [["until=2026-01-01T12:00:00Z"], ["old"]],
    [["until=1h30m"], ["new", "old"]],
    [["ancestor=bb"], ["new", "old"]],
    [["ancestor=/bb$"], ["new", "old"]],
    [["ancestor=tagged"], ["new", "old"]],
    [["ancestor=abc"], ["new", "old"]],
    [["ancestor=other"], []],
    [["volume=data"], ["new", "old"]],
    [["volume=/data"], ["new", "old"]],
    [["volume=data:/data"], ["new", "old"]],
    [["volume=data:/other"], []],
    [["command=sleep"], ["new", "old"]],
    [["command=^sleep"], []],
    [["network=net"], ["new", "old"]],
    [["network=abc"], ["new", "old"]],
    [["network=other"], []],
    [["restart-policy=none"], ["new", "old"]],
    [["restart-policy=always"], []],
    [["network=none"], []],
    [["pod=x"], []],
    [["health=healthy"], []],
    [["should-start-on-boot=false"], ["new", "old"]],
    [["should-start-on-boot=F"], ["new", "old"]],
  ])("%j", (filters, expected) => {
    expect(names(...filters)).toEqual(expected);
  });

  test.each([
    ["foo", 'invalid filter "foo"'],
    ["foo=1", "foo is an invalid filter"],
    ["before=nobody", 'no container with name or ID "nobody" found'],
    ["until=yesterday", '"yesterday"'],
    ["status=bad", "unknown container state: bad: invalid argument"],
    ["status=configured", "unknown container state: configured: invalid argument"],
    ["should-start-on-boot=x", 'strconv.ParseBool: parsing "x": invalid syntax'],
    ["exited=x", 'strconv.ParseInt: parsing "x": invalid syntax'],
    ["restart-policy=bad", "bad invalid restart policy"],
  ])("%s is refused", (filter, message) => {
    expect(() => names(filter)).toThrow(message);
  });

  test("takes one time for until", () => {
    expect(() => names("until=1h", "until=2h")).toThrow("specify exactly one timestamp for until");
  });
});

test("prune knows labels and until", () => {
  expect(filterForPrune(all, ["label!=b"]).map(({ record }) => record.name)).toEqual(["old"]);
  expect(() => filterForPrune(all, ["name=x"])).toThrow("name is an invalid filter");
  expect(() => filterForPrune(all, ["x"])).toThrow("filter input must be in the form of filter=value: x is");
});
