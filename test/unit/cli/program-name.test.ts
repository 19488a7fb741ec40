import { expect, it } from "vitest";
import { asCalled } from "../../../src/cli/program-name.ts";

it.each([
  ["Usage:\n  coracle [options] [command]\n", "Usage:\n  docker [options] [command]\n"],
  ["  coracle cp $(coracle ps -q):/a .", "  docker cp $(docker ps -q):/a ."],
  [
    "Error: no such container; `coracle ps -a` lists them",
    "Error: no such container; `docker ps -a` lists them",
  ],
  ["missing command 'coracle image COMMAND'", "missing command 'docker image COMMAND'"],
  ["the container coracle is aware of (not used: coracle has none)", undefined],
  ["coracle-runtime update: /var/lib/coracle is full", undefined],
])("%j", (text, expected = text) => {
  expect(asCalled(text, "docker")).toBe(expected);
  expect(asCalled(text, "coracle")).toBe(text);
});
