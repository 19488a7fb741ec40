import { describe, expect, it } from "vitest";
import type { CommandClass, CommandTable } from "../../../src/cli/command-table.ts";
import * as flag from "../../../src/cli/flags.ts";
import { flagUsages, helpText } from "../../../src/cli/help.ts";

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
        filter: flag.unsupported("strings", { description: "Filter" }),
      },
    }),
    "image ls": command({ summary: "List images" }),
    secret: command({ summary: "Not shown", hidden: true }),
  },
  aliases: { images: "image ls", "image list": "image ls", "container stop": "stop" },
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
  -a, --all   Stop all

Recognised, but not supported yet:
  --filter
`);
  });

  it("names the command as it was called", async () => {
    expect(await helpText(table, ["container", "stop"])).toContain("\n  coracle container stop [options]");
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

  it("doesn't know what isn't there", async () => {
    await expect(helpText(table, ["nope"])).rejects.toThrow("unrecognized command `coracle nope`");
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
