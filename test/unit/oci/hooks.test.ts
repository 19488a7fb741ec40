import { expect, test } from "vitest";
import { type HookFacts, matchingHooks, parseHook } from "../../../src/oci/hooks.ts";

const facts: HookFacts = { annotations: { "com.x": "yes" }, command: "/bin/sh", hasBindMounts: false };
const hook = (when: object, stages = ["prestart"]) =>
  parseHook(JSON.stringify({ version: "1.0.0", hook: { path: "/bin/h" }, when, stages }), "h.json");

test.each([
  [{ always: true }, true],
  [{ always: false }, false],
  [{}, false],
  [{ always: true, hasBindMounts: true }, false],
  [{ annotations: { "^com\\.": "^yes$" } }, true],
  [{ annotations: { "^com\\.": "^no$" } }, false],
  [{ commands: ["sh$", "zsh"] }, true],
  [{ commands: ["^sh"] }, false],
])("%j", (when, expected) => {
  expect(matchingHooks([hook(when)], facts) !== undefined).toBe(expected);
});

test.each([
  [{ cmd: ["sh$"] }, true],
  [{ cmds: ["^zsh"] }, false],
  [{ annotation: ["^no$", "^yes$"] }, true],
  [{ annotations: ["^no$"] }, false],
  [{ cmd: ["^zsh"], annotations: ["yes"] }, true],
  [{ hasbindmounts: true }, false],
])("version 0.1.0: %j", (when, expected) => {
  const old = { hook: "/bin/h", arguments: ["a"], stage: ["prestart"], ...when };
  expect(matchingHooks([parseHook(JSON.stringify(old), "h.json")], facts)).toEqual(
    expected ? { prestart: [{ path: "/bin/h", args: ["/bin/h", "a"] }] } : undefined,
  );
});

test("stages keep the order of the files", () => {
  expect(
    matchingHooks([hook({ always: true }, ["poststop", "prestart"]), hook({ always: true })], facts),
  ).toEqual({
    poststop: [{ path: "/bin/h" }],
    prestart: [{ path: "/bin/h" }, { path: "/bin/h" }],
  });
});

test.each([
  ["{", "parsing hook"],
  ['{"version":"2"}', 'unrecognized hook version: "2"'],
  ['{"version":"1.0.0","hook":{}}', "missing required property: hook.path"],
  ['{"version":"1.0.0","hook":{"path":"x"}}', "is not absolute"],
  ['{"version":"1.0.0","hook":{"path":"/x"},"when":{},"stages":["never"]}', 'unknown stage "never"'],
  [
    '{"version":"1.0.0","hook":{"path":"/x"},"when":{"commands":["("]},"stages":["prestart"]}',
    "regular expression",
  ],
])("%s", (text, message) => {
  expect(() => parseHook(text, "h.json")).toThrow(message);
});
