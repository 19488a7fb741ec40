import { expect, test } from "vitest";
import { forTerminal } from "../../../src/cli/output.ts";

const onTerminal = { terminal: () => true, argv: ["coracle", "ps", "sh -c 'a\nb'"] };

test("what steers a terminal doesn't reach it, tabs, newlines and all scripts do", () => {
  const hostile = "a\u001b]0;title\u0007b\rc\u009b2Jd\u202ee\u2066\u007f";
  expect(forTerminal(hostile, 1, onTerminal)).toBe("a?]0;title?b?c?2Jd?e??");
  const harmless = "a\tb\nc \u00e9 \u4e2d \ud83d\ude80";
  expect(forTerminal(harmless, 1, onTerminal)).toBe(harmless);
});

test("files and pipes get every byte", () => {
  expect(forTerminal("a\u001bb", 1, { ...onTerminal, terminal: () => false })).toBe("a\u001bb");
});

test.each(["\u001b[1m{{.ID}}", '{{printf "\\033[1m%s" .ID}}', '{{"\\x1b"}}'])(
  "a format with colours of the user's own, %j, keeps them",
  (format) => {
    expect(forTerminal("a\u001bb", 1, { ...onTerminal, argv: ["--format", format] })).toBe("a\u001bb");
  },
);
