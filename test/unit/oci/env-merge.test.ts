import { expect, test } from "vitest";
import { expandWord, mergeWords } from "../../../src/oci/env-merge.ts";

const env = { PATH: "/bin", HELLO: "world", EMPTY: "" };

test.each([
  ["$HELLO-x", "world-x"],
  ["${HELLO}x", "worldx"],
  ["${EMPTY:-none}", "none"],
  ["${NOT:-$HELLO}", "world"],
  ["${HELLO:+set}${NOT:+set}", "set"],
  ["'$HELLO'", "$HELLO"],
  ['"a $HELLO"', "a world"],
  ['"it\'s"', "it's"],
  ["\\$HELLO", "$HELLO"],
  ["$5", "$5"],
])("%s", (text, value) => {
  expect(expandWord(text, env)).toBe(value);
});

test.each(["${HELLO", '"open', "'open"])("%s is refused", (text) => {
  expect(() => expandWord(text, env)).toThrow("unable to process variables for --env-merge");
});

test("only what is there already gets a new value", () => {
  expect(mergeWords(env, ["PATH=${PATH}:/x=1", "NEW=$HELLO"])).toEqual({ ...env, PATH: "/bin:/x=1" });
  expect(mergeWords(env, ["HELLO=${HELLO}1", "HELLO=${HELLO}2"]).HELLO).toBe("world12");
});
