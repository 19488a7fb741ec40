import { describe, expect, test } from "vitest";
import { inPieces, isMapped, keepIdMapping, noMapMapping, toParentId } from "../../../src/oci/id-mapping.ts";

describe("keep-id", () => {
  test("the caller is itself, the others are subordinate ids", () => {
    expect(keepIdMapping(1001, 65537)).toEqual([
      { containerID: 0, hostID: 1, size: 1001 },
      { containerID: 1001, hostID: 0, size: 1 },
      { containerID: 1002, hostID: 1002, size: 64535 },
    ]);
    expect(keepIdMapping(0, 65537)).toEqual([
      { containerID: 0, hostID: 0, size: 1 },
      { containerID: 1, hostID: 1, size: 65536 },
    ]);
  });

  test("with few or no subordinate ids", () => {
    expect(keepIdMapping(1000, 1)).toEqual([{ containerID: 1000, hostID: 0, size: 1 }]);
    expect(keepIdMapping(100_000, 101)).toEqual([
      { containerID: 0, hostID: 1, size: 100 },
      { containerID: 100_000, hostID: 0, size: 1 },
    ]);
    expect(keepIdMapping(3, 4)).toEqual([
      { containerID: 0, hostID: 1, size: 3 },
      { containerID: 3, hostID: 0, size: 1 },
    ]);
  });

  test.each([
    [0, 1],
    [1001, 65537],
    [5, 6],
    [5, 3],
  ])("id %i of %i: every parent id is used once at most, and none beyond", (id, count) => {
    const mappings = keepIdMapping(id, count);
    const parents = mappings.flatMap(({ hostID, size }) =>
      Array.from({ length: size }, (_, i) => hostID + i),
    );
    expect(new Set(parents).size).toBe(parents.length);
    expect(Math.max(...parents)).toBeLessThan(count);
    expect(toParentId(mappings, id)).toBe(0);
  });
});

test("nomap leaves the caller out", () => {
  const mappings = noMapMapping(65537);
  expect(mappings).toEqual([{ containerID: 0, hostID: 1, size: 65536 }]);
  expect(isMapped(mappings, 65535)).toBe(true);
  expect(isMapped(mappings, 65536)).toBe(false);
  expect(toParentId(mappings, 65536)).toBeNull();
  expect(() => noMapMapping(1)).toThrow("needs subordinate ids");
});

test("a mapping is cut where the parent's own pieces meet", () => {
  const parent = [
    { containerID: 0, hostID: 1000, size: 1 },
    { containerID: 1, hostID: 100_000, size: 100 },
  ];
  const map = [{ containerID: 10, hostID: 0, size: 5 }];
  expect(inPieces(map, parent)).toEqual([
    { containerID: 10, hostID: 0, size: 1 },
    { containerID: 11, hostID: 1, size: 4 },
  ]);
  const tooLong = [{ containerID: 0, hostID: 50, size: 100 }];
  expect(inPieces(tooLong, parent)).toEqual(tooLong);
});
