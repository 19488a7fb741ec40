import { expect, test } from "vitest";
import { parseMountPoints } from "../../../src/host/mounts.ts";

test("mount points of mountinfo, one for each mount, with what is escaped in them", () => {
  const text = [
    "22 28 0:21 / /proc rw,nosuid - proc proc rw",
    "30 28 0:40 / /a\\040b\\134c rw - overlay overlay rw",
    "31 30 0:40 / /a\\040b\\134c rw shared:1 - overlay overlay rw",
    "",
  ];
  expect(parseMountPoints(text.join("\n"))).toEqual(["/proc", "/a b\\c", "/a b\\c"]);
});
