import { expect, test } from "vitest";
import { autoMapping, sizeForImage } from "../../../src/oci/auto-userns.ts";
import { namedRanges } from "../../../src/oci/id-mapping.ts";

const parent = { rootless: true, mapping: [{ containerID: 0, hostID: 1000, size: 3001 }] };
const map = (size: number, used: [number, number][] = [], values: string[] = []) =>
  autoMapping(
    { values, size, used: used.map(([hostID, count]) => ({ containerID: 0, hostID, size: count })) },
    "UID",
    parent,
  ).map((m) => `${m.containerID}:${m.hostID}:${m.size}`);

test("the first free ids, never the caller's own", () => {
  expect(map(100)).toEqual(["0:1:100"]);
  expect(map(100, [[1, 1024]])).toEqual(["0:1025:100"]);
  // Between two others, and the rest behind them.
  expect(
    map(100, [
      [1, 10],
      [50, 10],
    ]),
  ).toEqual(["0:11:39", "39:60:61"]);
});

test("ids mapped by hand are left out on both sides", () => {
  expect(map(100, [], ["0:5:1"])).toEqual(["0:5:1", "1:1:4", "5:6:95"]);
  expect(map(10, [], ["20:@1000:1"])).toEqual(["0:1:10", "20:0:1"]);
});

test("too few are left", () => {
  expect(() => map(3001)).toThrow("not enough unused IDs in user namespace");
  expect(() => map(2000, [[1, 1001]])).toThrow("2000 UIDs are needed, and 1999 are free");
});

test("as many as the image's users and groups need", () => {
  expect(sizeForImage("", "")).toBe(1024);
  expect(sizeForImage("", "", "2000:3000")).toBe(3001);
  expect(sizeForImage("", "", "4000")).toBe(4001);
  expect(sizeForImage("", "", "name")).toBe(1024);
  expect(sizeForImage("a:x:4000:100::/:/bin/sh\nnobody:x:65533:65533::/:\n", "b:x:5000:\n")).toBe(5001);
  expect(sizeForImage("x:x:65534:1::/:\n", "")).toBe(1024);
  expect(() => sizeForImage("a:x:70000:1::/:\n", "")).toThrow("bigger than the maximum value");
  expect(sizeForImage("", "", "", { min: 2000 })).toBe(2000);
  expect(sizeForImage("a:x:70000:1::/:\n", "", "", { max: 80000 })).toBe(70001);
  expect(() => sizeForImage("", "", "", { min: 2000, max: 1500 })).toThrow("allowed with userns=auto 1500");
});

test("ranges of a name in /etc/subuid", () => {
  expect(namedRanges("a:100:5\nb:1:1\na:300:10\nbad\n", "a")).toEqual([
    { containerID: 0, hostID: 100, size: 5 },
    { containerID: 5, hostID: 300, size: 10 },
  ]);
  expect(namedRanges("a:100:5\n", "c")).toEqual([]);
});
