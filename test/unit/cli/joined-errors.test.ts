import { expect, test } from "vitest";
import { joinedError } from "../../../src/cli/joined-errors.ts";
import { EngineError } from "../../../src/errors.ts";

test("one error is what it is, with its remedy; several are a list", () => {
  const first = new EngineError("a", "first", { hint: "do" });
  expect(joinedError([first], 125)).toMatchObject({ message: "first", hint: "do", exitCode: 125 });
  const both = joinedError([first, new EngineError("b", "second")], 2);
  expect(both).toMatchObject({ message: "2 errors occurred:\n\t* first\n\t* second", exitCode: 2 });
});
