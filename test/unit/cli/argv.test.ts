import { describe, expect, it } from "vitest";
import { HelpRequested, splitArgv, UsageError } from "../../../src/cli/argv.ts";

const flags = [
  { name: "interactive", char: "i", valueWhenAlone: "true" },
  { name: "tty", char: "t", valueWhenAlone: "true" },
  { name: "rm", valueWhenAlone: "true" },
  { name: "name" },
  { name: "env", char: "e" },
  { name: "volume", char: "v" },
  { name: "publish", char: "p" },
];

const split = (...argv: string[]) => splitArgv(argv, flags, { interspersed: false });
const given = (...argv: string[]) => split(...argv).given.map(({ name, value }) => `${name}=${value}`);

describe("splitArgv", () => {
  it.each([
    [["--name", "web"], ["name=web"]],
    [["--name=web"], ["name=web"]],
    [["--name="], ["name="]],
    [["--name", ""], ["name="]],
    [["--name", "--rm"], ["name=--rm"]],
    [["--name", "--"], ["name=--"]],
    [["--env=A=B=C"], ["env=A=B=C"]],
    [["--rm"], ["rm=true"]],
    [["--rm=false"], ["rm=false"]],
    [["-it"], ["interactive=true", "tty=true"]],
    [
      ["-itv", "/a:/b"],
      ["interactive=true", "tty=true", "volume=/a:/b"],
    ],
    [["-itv/a:/b"], ["interactive=true", "tty=true", "volume=/a:/b"]],
    [["-p8080:80"], ["publish=8080:80"]],
    [["-p=8080:80"], ["publish=8080:80"]],
    [["-e=X"], ["env=X"]],
    [["-e", "-t"], ["env=-t"]],
    [["-e="], ["env=="]],
    [
      ["-i=false", "-t"],
      ["interactive=false", "tty=true"],
    ],
    [
      ["-e", "A", "-e", "B"],
      ["env=A", "env=B"],
    ],
  ])("reads %j", (argv, expected) => {
    expect(given(...argv)).toEqual(expected);
  });

  it("leaves everything from the first argument on alone", () => {
    expect(split("-i", "alpine", "-t", "--rm", "--", "--name", "x", "b", "a", "b")).toEqual({
      given: [{ name: "interactive", value: "true" }],
      args: ["alpine", "-t", "--rm", "--", "--name", "x", "b", "a", "b"],
      argsBeforeDash: -1,
    });
  });

  it("finds flags between arguments where the command allows it", () => {
    const result = splitArgv(["a", "--rm", "b", "-", "--", "-i"], flags);
    expect(result).toEqual({
      given: [{ name: "rm", value: "true" }],
      args: ["a", "b", "-", "-i"],
      argsBeforeDash: 3,
    });
  });

  it("ends flags at --, also before the first argument", () => {
    expect(split("--", "--rm", "x").args).toEqual(["--rm", "x"]);
  });

  it.each([
    [["--foo"], "unknown flag: --foo"],
    [["--foo=1"], "unknown flag: --foo"],
    [["-z"], "unknown shorthand flag: 'z' in -z"],
    [["-itz"], "unknown shorthand flag: 'z' in -z"],
    [["-zit"], "unknown shorthand flag: 'z' in -zit"],
    [["-i="], "unknown shorthand flag: '=' in -="],
    [["--name"], "flag needs an argument: --name"],
    [["-e"], "flag needs an argument: 'e' in -e"],
    [["-ie"], "flag needs an argument: 'e' in -e"],
    [["--=x"], "bad flag syntax: --=x"],
    [["---x"], "bad flag syntax: ---x"],
  ])("refuses %j with pflag's text", (argv, message) => {
    expect(() => split(...argv)).toThrow(new UsageError(message));
  });

  it("asks for help at --help and -h, but not behind an argument or as a value", () => {
    expect(() => split("--help")).toThrow(HelpRequested);
    expect(() => split("-h")).toThrow(HelpRequested);
    expect(() => split("--help=true")).toThrow(HelpRequested);
    expect(split("--help=false", "x")).toMatchObject({ given: [], args: ["x"] });
    expect(() => split("--help=x")).toThrow(
      'invalid argument "x" for "-h, --help" flag: strconv.ParseBool: parsing "x": invalid syntax',
    );
    expect(split("alpine", "--help").args).toEqual(["alpine", "--help"]);
    expect(given("--name", "--help")).toEqual(["name=--help"]);
  });

  it("gives -h to the command that has such a flag", () => {
    const result = splitArgv(["-h", "box"], [{ name: "hostname", char: "h" }]);
    expect(result.given).toEqual([{ name: "hostname", value: "box" }]);
  });

  it("stops without complaint at the unknown when it is tolerant", () => {
    const result = splitArgv(["--rm", "--fo", "x"], flags, { tolerant: true });
    expect(result.given).toEqual([{ name: "rm", value: "true" }]);
  });
});
