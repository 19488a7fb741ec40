import { expect, test } from "vitest";
import { parseCpuUsage } from "../../../src/engine/system/cpu-usage.ts";

test("shares of the time since boot", () => {
  expect(parseCpuUsage("cpu  100 0 50 800 25 5 20 0 0 0\ncpu0 1 2 3 4 5 6 7\n")).toEqual({
    userPercent: 10,
    systemPercent: 5,
    idlePercent: 80,
  });
  expect(parseCpuUsage("")).toEqual({ userPercent: 0, systemPercent: 0, idlePercent: 0 });
});
