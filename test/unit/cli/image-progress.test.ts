import { expect, test } from "vitest";
import { barText } from "../../../src/cli/image-progress.ts";

test("a bar says how far, how much and how fast", () => {
  const start = { received: 10_000_000, time: 1000 };
  expect(barText({ received: 20_000_000, size: 40_000_000 }, start, 3000)).toBe(
    "[===============>--------------] 20.0MB / 40.0MB | 5.0 MB/s",
  );
  expect(barText({ received: 10_000_000, size: 40_000_000 }, start, 1000)).toMatch(/\| -- MB\/s$/);
  expect(barText({ received: 40_000_000, size: 40_000_000 }, start, 3000)).toContain(`[${"=".repeat(30)}]`);
  expect(barText({ received: 0, size: 0 }, { received: 0, time: 0 }, 1)).toContain(`[${"=".repeat(30)}]`);
});
