import { describe, expect, test } from "vitest";
import { isOurProgram, runLabelCommand } from "../../../src/oci/run-label.ts";
import { shellWords } from "../../../src/oci/shell-words.ts";

test.each<[string, string[]]>([
  ["a  b\tc\n", ["a", "b", "c"]],
  [`'a b' "c d" e\\ f`, ["a b", "c d", "e f"]],
  [`a'b'"c"`, ["abc"]],
  [`"say \\"x\\" \\n" ''`, ['say "x" \\n', ""]],
  ["", []],
  ["it's", ["it's"]],
])("words of %j", (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

describe("a label's command", () => {
  const values = {
    image: "localhost/bb:latest",
    name: "bb",
    pwd: "/here",
    env: { OPT1: "--init -t", HOME: "/root" },
  };
  test.each<[string, string[], string[]]>([
    ["podman run IMAGE echo NAME", [], ["podman", "run", "localhost/bb:latest", "echo", "bb"]],
    ["run $IMAGE ${NAME} IMAGEs", [], ["run", "localhost/bb:latest", "bb", "IMAGEs"]],
    ["run -e NAME=NAME -e IMAGE=$IMAGE", [], ["run", "-e", "NAME=bb", "-e", "IMAGE=localhost/bb:latest"]],
    [
      "run ${OPT1} $OPT2 -v ${PWD}:/x $HOME x",
      ["more"],
      ["run", "--init", "-t", "-v", "/here:/x", "x", "more"],
    ],
    ["run $GLOBAL_OPTS x", [], ["run", "x"]],
  ])("%s", (label, args, command) => {
    expect(runLabelCommand(label, args, values)).toEqual(command);
  });
});

test("our program under whatever name", () => {
  expect(["podman", "coracle", "docker", "/usr/bin/docker", "rm", undefined].map(isOurProgram)).toEqual([
    ...[true, true, true, true],
    ...[false, false],
  ]);
});
