import { describe, expect, test } from "vitest";
import { parseIdMap, parseIdMapFlags } from "../../../src/oci/id-map-flag.ts";
import type { IdMapping } from "../../../src/oci/runtime-spec.ts";

/** A user 1000 with the subordinate ids 100000-100999 and, beside them, 2000. */
const parent = {
  rootless: true,
  mapping: [
    { containerID: 0, hostID: 1000, size: 1 },
    { containerID: 1, hostID: 100_000, size: 1000 },
    { containerID: 1001, hostID: 2000, size: 1 },
  ],
};

const texts = (map: IdMapping[]) => map.map((m) => `${m.containerID}:${m.hostID}:${m.size}`);
const uids = (...values: string[]) => texts(parseIdMap(values, "UID", parent));
const gids = (...values: string[]) => texts(parseIdMap(values, "GID", parent));

test("triples, an amount of 1 where none is given, several in one value", () => {
  expect(uids("0:1:10")).toEqual(["0:1:10"]);
  expect(uids("5:6")).toEqual(["5:6:1"]);
  expect(uids("0:1:10:20:30:5")).toEqual(["0:1:10", "20:30:5"]);
  expect(uids("3:3:0")).toEqual([]);
});

test("sorted, and neighbours are one", () => {
  expect(uids("10:11:5", "0:1:10")).toEqual(["0:1:15"]);
  expect(uids("10:12:5", "0:1:10")).toEqual(["0:1:10", "10:12:5"]);
});

test("u and g choose the kind", () => {
  expect(uids("0:0:10", "g20:20:1", "u30:30:1")).toEqual(["0:0:10", "30:30:1"]);
  expect(gids("0:0:10", "g20:20:1", "u30:30:1")).toEqual(["0:0:10", "20:20:1"]);
  expect(gids("ug5:5:1")).toEqual(["5:5:1"]);
});

test("@ is an id of the host", () => {
  expect(uids("7:@2000:1")).toEqual(["7:1001:1"]);
  expect(uids("0:@100000:3")).toEqual(["0:1:3"]);
  expect(uids("0:@1000")).toEqual(["0:0:1"]);
  expect(() => uids("0:@5:1")).toThrow("parent ID UID 5 is not mapped/delegated");
  // Not looked up for the kind that it isn't for.
  expect(gids("0:0:1", "u5:@5:1")).toEqual(["0:0:1"]);
});

describe("+", () => {
  test("takes its ids away from what was there", () => {
    expect(uids("0:0:100", "+500:10:1")).toEqual(["0:0:10", "11:11:89", "500:10:1"]);
    expect(uids("0:0:100", "+20:500:10")).toEqual(["0:0:20", "20:500:10", "30:30:70"]);
    expect(uids("0:0:100", "+50:10:1")).toEqual(["0:0:10", "11:11:39", "50:10:1", "51:51:49"]);
  });

  test("first of all the other ids fill the gaps", () => {
    expect(uids("+100000:1001:1")).toEqual(["0:0:1001", "100000:1001:1"]);
    expect(uids("+3:0:1")).toEqual(["0:1:3", "3:0:1", "4:4:998"]);
    expect(texts(parseIdMap(["+3:0:1"], "UID", { ...parent, rootless: false }))).toEqual(["3:0:1"]);
  });
});

test("one flag stands for both", () => {
  const parents = { uid: parent, gid: parent };
  expect(parseIdMapFlags({ uid: [], gid: ["0:0:10", "g20:20:1"] }, parents)).toEqual({
    uid: parseIdMap(["0:0:10"], "UID", parent),
    gid: parseIdMap(["0:0:10", "20:20:1"], "GID", parent),
  });
  expect(parseIdMapFlags({ uid: ["0:0:10"], gid: ["0:1:5"] }, parents).gid).toEqual([
    { containerID: 0, hostID: 1, size: 5 },
  ]);
});

test.each([
  ["0", 'UID setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : ["0"]'],
  [":0:1", "malformed"],
  ["0:1:2:3", "malformed"],
  ["x:0:1", 'parsing id map value "x": strconv.ParseUint: parsing "x": invalid syntax'],
  ["0:y:1", 'parsing id map value "y"'],
  ["0:-1:1", 'parsing id map value "-1"'],
  ["0:1:4294967296", "value out of range"],
  ["0::1", "invalid syntax"],
])("%s is refused", (value, message) => {
  expect(() => uids(value)).toThrow(message);
});
