import { expect, test } from "vitest";
import { csvRecords, parseCsv } from "../../../src/oci/csv.ts";

test.each([
  ["", []],
  ["a,b", ["a", "b"]],
  ["a,", ["a", ""]],
  [',"a,b",""""', ["", "a,b", '"']],
  ['"a\nb",c\nd', ["a\nb", "c"]],
  ["\n\na\r\nb", ["a"]],
])("%j", (text, fields) => {
  expect(parseCsv(text)).toEqual(fields);
});

test("records are lines, but for empty ones", () => {
  expect([...csvRecords("a\n\nb,c\n")]).toEqual([["a"], ["b", "c"]]);
});

// As Podman 4.3 says it.
test.each([
  ['a"b', 'line 1, column 2: bare " in non-quoted-field'],
  ['ü,a"b', 'line 1, column 5: bare " in non-quoted-field'],
  ['"a"b', 'line 1, column 3: extraneous or missing " in quoted-field'],
  ['c,"ab', 'line 1, column 6: extraneous or missing " in quoted-field'],
])("%j is none", (text, message) => {
  expect(() => parseCsv(text)).toThrow(`parse error on ${message}`);
});
