import { expect, test } from "vitest";
import { jsonFault } from "../../../src/oci/json-fault.ts";

test.each([
  ["", "unexpected end of JSON input"],
  ["[", "unexpected end of JSON input"],
  ['{"a": "b', "unexpected end of JSON input"],
  ['{"a": "}"', "unexpected end of JSON input"],
  ["garbage", "invalid character 'g' looking for beginning of value"],
  ["{a}", "not JSON"],
])("%j", (text, fault) => {
  expect(jsonFault(text)).toBe(fault);
});
