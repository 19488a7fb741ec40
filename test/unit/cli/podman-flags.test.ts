/** Every flag of Podman's commands (podman-flags.txt) is one of ours too: it works, or says that it is not supported yet. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { table } from "../../../commands/index.ts";
import { type Loader, loaderOf } from "../../../src/cli/command-table.ts";
import { globalSyntax } from "../../../src/cli/global-flags.ts";
import { flagSyntax } from "../../../src/cli/parse-flags.ts";

const lines = readFileSync(join(import.meta.dirname, "podman-flags.txt"), "utf8")
  .trim()
  .split("\n")
  .filter((line) => !line.startsWith("#"))
  .map((line) => line.split(": ") as [command: string, flags: string]);

const ours = lines.filter(([command]) => command === "podman" || loaderOf(table, command) !== undefined);

it("has a line for each command that Podman has too", () => {
  const listed = lines.map(([command]) => command);
  const flagged = Object.keys(table.files).filter(
    (name) => table.planned.includes(name) && !withoutFlags.includes(name),
  );
  expect(flagged.filter((name) => !listed.includes(name))).toEqual([]);
});

/** Commands of Podman's that have none. */
const withoutFlags = [
  ...["container exists", "image exists", "pod exists", "network exists", "manifest exists"],
  ...[
    "rename",
    "secret exists",
    "system check",
    "tag",
    "untag",
    "volume exists",
    "volume import",
    "volume mount",
  ],
  ...["volume reload", "volume unmount", "kube generate", "system migrate", "system renumber"],
];

describe.each(ours)("podman %s", (command, flags) => {
  it("has no flag that is unknown here", async () => {
    const syntax =
      command === "podman"
        ? globalSyntax
        : flagSyntax((await (loaderOf(table, command) as Loader)()).default.flags);
    const theirs = flags.split(" ").map((text) => /^([^/=]+)(?:\/(.))?(=?)$/.exec(text) as RegExpExecArray);
    const known = new Map(syntax.map((flag) => [flag.name, flag]));
    const differences = theirs.flatMap(([text, name = "", char, value]) => {
      const flag = known.get(name);
      if (!flag) return [`${text}: missing`];
      if (flag.char !== char && char !== undefined) return [`${text}: letter ${flag.char}`];
      return value === "" && flag.valueWhenAlone === undefined ? [`${text}: wants a value`] : [];
    });
    expect(differences).toEqual([]);
  });
});
