import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { reasonOf } from "../../src/errors.ts";

function failure(file: string): unknown {
  try {
    return readFileSync(file);
  } catch (error) {
    return error;
  }
}

test("a reason has neither the system's code nor the call", () => {
  expect(reasonOf(failure("/nowhere/file, with a comma"))).toBe("no such file or directory");
  expect(reasonOf(failure("/"))).toBe("is a directory");
  expect(reasonOf(new Error("Everything: is fine, really"))).toBe("Everything: is fine, really");
  expect(reasonOf("text")).toBe("text");
});
