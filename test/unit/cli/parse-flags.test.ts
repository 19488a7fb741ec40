import { describe, expect, it } from "vitest";
import { splitArgv } from "../../../src/cli/argv.ts";
import * as flag from "../../../src/cli/flags.ts";
import { flagSyntax, parseFlags } from "../../../src/cli/parse-flags.ts";

const definitions = {
  all: flag.boolean({ char: "a", description: "" }),
  proxy: flag.boolean({ description: "", default: true }),
  name: flag.string({ description: "" }),
  level: flag.string({ description: "", default: "warn" }),
  time: flag.uint({ char: "t", description: "" }),
  last: flag.int({ char: "n", description: "", default: -1 }),
  cpus: flag.float({ description: "" }),
  cap: flag.strings({ description: "" }),
  fds: flag.uints({ description: "" }),
  opts: flag.stringToString({ description: "" }),
  env: flag.stringArray({ char: "e", description: "" }),
  pull: flag.string({ description: "", alone: "always" }),
  network: flag.stringArray({ description: "", aliases: ["net"] }),
  pod: flag.unsupported("string", { description: "" }),
  rmi: flag.unsupported("bool", { description: "" }),
};

async function parse(...argv: string[]) {
  const { given } = splitArgv(argv, flagSyntax(definitions));
  return await parseFlags<flag.FlagValues<typeof definitions>>(given, definitions);
}

describe("parseFlags", () => {
  it("gives defaults for what is not on the line, and tells which flags were", async () => {
    const { flags, given } = await parse("-a");
    expect(flags).toEqual({
      all: true,
      proxy: true,
      name: undefined,
      level: "warn",
      time: undefined,
      last: -1,
      cpus: undefined,
      cap: [],
      fds: [],
      opts: [],
      env: [],
      pull: undefined,
      network: [],
      pod: undefined,
      rmi: undefined,
    });
    expect([...given]).toEqual(["all"]);
  });

  it.each([
    [["--all=false"], { all: false }],
    [["--proxy=0"], { proxy: false }],
    [["--name", "a", "--name", "b"], { name: "b" }],
    [["--name="], { name: "" }],
    [["-t", "010", "-n", "-0x10", "--cpus", "1.5"], { time: 8, last: -16, cpus: 1.5 }],
    [["--cap", "a,b", "--cap", "c"], { cap: ["a", "b", "c"] }],
    [["--cap", '"a,b",c'], { cap: ["a,b", "c"] }],
    [["--cap="], { cap: [] }],
    [["--fds", "3,5", "--fds", "7"], { fds: [3, 5, 7] }],
    [["--opts", "a=b,c=d=e", "--opts", "f=1,2"], { opts: Object.entries({ a: "b", c: "d=e", f: "1,2" }) }],
    [["-e", "A=1,2", "-e", "B=--all"], { env: ["A=1,2", "B=--all"] }],
    [["--pull"], { pull: "always" }],
    [["--pull=never"], { pull: "never" }],
    [["--net", "host", "--network", "x"], { network: ["host", "x"] }],
    [["--rmi=false", "--pod="], { rmi: undefined, pod: undefined }],
  ])("%j", async (argv, expected) => {
    expect((await parse(...argv)).flags).toMatchObject(expected);
  });

  it.each([
    [
      ["--all=maybe"],
      'invalid argument "maybe" for "-a, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      ["-t", "-1"],
      'invalid argument "-1" for "-t, --time" flag: strconv.ParseUint: parsing "-1": invalid syntax',
    ],
    [["-t", ""], 'invalid argument "" for "-t, --time" flag: strconv.ParseUint: parsing "": invalid syntax'],
    [["-n", "9223372036854775808"], "value out of range"],
    [["--cpus", "many"], 'strconv.ParseFloat: parsing "many": invalid syntax'],
    [["--fds", "3,x"], '"--fds" flag: strconv.ParseUint: parsing "x": invalid syntax'],
    [["--cap", '"a'], "parse error on line 1"],
    [["--pod", "x"], "--pod is not supported yet"],
    [["--rmi"], "--rmi is not supported yet"],
  ])("refuses %j", async (argv, message) => {
    await expect(parse(...argv)).rejects.toThrow(message);
  });
});
