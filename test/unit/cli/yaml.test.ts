import { expect, test } from "vitest";
import { toYaml } from "../../../src/cli/yaml.ts";

test("keys are sorted, and text is quoted where it would be read as something else", () => {
  const value = {
    b: [{ y: 1, x: "a b" }],
    a: { text: "with: colon", version: "12", empty: "", lines: "one\ntwo", no: "No" },
    Z: [],
  };
  expect(toYaml(value)).toBe(
    [
      "Z: []",
      "a:",
      '  empty: ""',
      "  lines: |-",
      "    one",
      "    two",
      '  no: "No"',
      "  text: 'with: colon'",
      '  version: "12"',
      "b:",
      "- x: a b",
      "  y: 1",
      "",
    ].join("\n"),
  );
});
