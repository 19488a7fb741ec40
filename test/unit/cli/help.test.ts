import { describe, expect, it } from "vitest";
import type { CommandClass, CommandTable } from "../../../src/cli/command-table.ts";
import * as flag from "../../../src/cli/flags.ts";
import { flagUsages, helpText, helpTopic } from "../../../src/cli/help.ts";

const command = (statics: object) => async () => ({
  default: { usage: "[options]", flags: {}, ...statics } as unknown as CommandClass,
});

const table: CommandTable = {
  files: {
    stop: command({
      summary: "Stop one or more containers",
      description: "Stops them.\n\nAll of them.",
      usage: "[options] CONTAINER...",
      examples: ["coracle stop ctrID"],
      flags: {
        all: flag.boolean({ char: "a", description: "Stop all" }),
        filter: flag.unsupported("strings", { description: "Filter\nthe list" }),
      },
    }),
    "image ls": command({ summary: "List images" }),
    secret: command({ summary: "Not shown", hidden: true }),
  },
  aliases: { images: "image ls", "container stop": "stop" },
  synonyms: { "image list": "image ls" },
  groups: { container: "Manage containers", image: "Manage images", volume: "Manage volumes" },
  planned: [],
};

describe("helpText", () => {
  it("describes a command as Podman does", async () => {
    expect(await helpText(table, ["stop"])).toBe(`Stop one or more containers

Description:
  Stops them.

  All of them.

Usage:
  coracle stop [options] CONTAINER...

Examples:
  coracle stop ctrID

Options:
  -a, --all              Stop all
      --filter strings   Filter
                         the list (not supported yet)

`);
  });

  it("names the command as it was called, by the first of its names there", async () => {
    const text = await helpText(table, ["container", "stop"]);
    expect(text).toContain("\n  coracle container stop [options]");
    expect(text).toContain("\n  coracle container stop ctrID\n");
    expect(await helpText(table, ["image", "list"])).toContain(
      "Usage:\n  coracle image ls [options]\n\nAliases:\n  ls, list\n\n",
    );
  });

  it("lists a group, each command once", async () => {
    expect(await helpText(table, ["image"])).toBe(`Manage images

Description:
  Manage images

Usage:
  coracle image [command]

Available Commands:
  ls          List images

`);
  });

  it("lists everything but what is hidden, groups without commands and second words", async () => {
    const text = await helpText(table, []);
    const listed = text.split("\n").filter((line) => /^ {2}[a-z]+ {2,}/.test(line));
    expect(listed).toEqual([
      "  container   Manage containers",
      "  help        Help about any command",
      "  image       Manage images",
      "  images      List images",
      "  stop        Stop one or more containers",
    ]);
    expect(text).toContain("--root string");
  });
});

describe("helpTopic", () => {
  const firstLine = async (...words: string[]) => (await helpTopic(table, words)).text.split("\n")[0];

  it("follows the words as far as they lead", async () => {
    expect(await firstLine()).toBe("Manage containers and images without a daemon");
    expect(await firstLine("stop", "more")).toBe("Stop one or more containers");
    expect(await firstLine("image", "ls")).toBe("List images");
    expect(await firstLine("image", "nope")).toBe("Manage images");
    for (const word of ["help", "--help"]) expect(await firstLine(word)).toBe("Show help for any command.");
  });

  it("lists everything where they lead nowhere", async () => {
    const { text, unknown } = await helpTopic(table, ["nope", "x"]);
    expect(unknown).toBe(true);
    expect(text).toMatch(/^Unknown help topic \[`nope` `x`\]\nUsage:\n/);
  });
});

describe("flagUsages", () => {
  it("aligns names, types and defaults as pflag does", () => {
    const text = flagUsages({
      zeta: flag.uint({ char: "z", description: "Number", default: 3 }),
      attach: flag.strings({ char: "a", description: "Streams" }),
      "a-rather-long-name": flag.string({ value: "THING", description: "Text", default: "x" }),
      quiet: flag.boolean({ description: "Silent" }),
      proxy: flag.boolean({ description: "Pass on", default: true }),
      hidden: flag.boolean({ description: "", hidden: true }),
    });
    expect(text).toBe(`      --a-rather-long-name THING   Text (default "x")
  -a, --attach strings             Streams
      --proxy                      Pass on (default true)
      --quiet                      Silent
  -z, --zeta uint                  Number (default 3)
`);
  });
});
