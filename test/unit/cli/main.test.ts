import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const home = mkdtempSync(join(tmpdir(), "coracle-main-"));
afterAll(() => rmSync(home, { recursive: true }));

/** The program on Node, as the launcher starts it for commands that stay outside of the namespaces. */
function coracle(...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    CORACLE_NS: "none",
    CORACLE_RUN: join(home, "run"),
    CORACLE_BIN: join(root, "bin"),
    CORACLE_UID: "1000",
    CORACLE_GID: "1000",
  };
  const result = spawnSync(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
    env,
    encoding: "utf8",
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

describe("finding the command", () => {
  it.each([
    [
      ["n-o-p-e"],
      "Error: unrecognized command `coracle n-o-p-e`\nTry 'coracle --help' for more information\n",
    ],
    [
      ["image", "nope"],
      "Error: unrecognized command `coracle image nope`\nTry 'coracle image --help' for more information\n",
    ],
    [
      ["imag"],
      "Error: unrecognized command `coracle imag`\n\nDid you mean this?\n\timage\n\timages\n\ttag\n\nTry 'coracle --help' for more information\n",
    ],
    [["nope", "--wrong"], "Error: unknown flag: --wrong\nSee 'coracle --help'\n"],
    [["farm"], "Error: coracle farm: not supported yet\n"],
    [["play", "kube", "x.yaml"], "Error: coracle play: not supported yet\n"],
    [["image", "sign"], "Error: coracle image sign: not supported yet\n"],
    [["--remote"], "Error: missing command 'coracle COMMAND'\n"],
    [["--url", "x", "image"], "Error: missing command 'coracle image COMMAND'\n"],
    [["--remote", "farm"], "Error: coracle farm: not supported yet\n"],
    [["image"], "Error: missing command 'coracle image COMMAND'\n"],
    [[], "Error: missing command 'coracle COMMAND'\n"],
  ])("%j", (args, message) => {
    expect(coracle(...args)).toMatchObject({ code: 125, err: message });
  });

  it("answers a question about what isn't there with what is", () => {
    expect(coracle("image", "nope", "--help")).toMatchObject({ code: 0, err: "" });
    expect(coracle("help", "nope")).toMatchObject({ code: 0, out: "" });
    expect(coracle("help", "nope").err).toMatch(/^Unknown help topic \[`nope`\]\nUsage:\n/);
  });

  it("calls a command by the first of its names", () => {
    expect(coracle("container", "ls", "x").err).toBe("Error: `coracle container list` takes no arguments\n");
    expect(coracle("volume", "list", "-x").err).toContain("See 'coracle volume ls --help'");
  });

  it("takes global flags before the command, between its words, and after it", () => {
    expect(coracle("--log-level", "info", "version").code).toBe(0);
    expect(coracle("--log-level", "info", "version").err).toMatch(
      /^time="\S+" level=info msg="coracle filtering at log level info"\n$/,
    );
    expect(coracle("--debug", "version").err).toMatch(/ level=debug msg="Using graph root /);
    expect(coracle("--debug", "--log-level", "info", "version")).toMatchObject({
      code: 1,
      err: "Setting --log-level and --debug is not allowed\n",
    });
    expect(coracle("version", "--log-level=info", "--root", "/x").code).toBe(0);
    expect(coracle("container", "--log-level=info", "ls").code).toBe(0);
  });
});

describe("a wrong command line", () => {
  it.each([
    [["--nope", "ps"], "Error: unknown flag: --nope\nSee 'coracle --help'\n"],
    [["version", "--nope"], "Error: unknown flag: --nope\nSee 'coracle version --help'\n"],
    [
      ["container", "run", "-z"],
      "Error: unknown shorthand flag: 'z' in -z\nSee 'coracle container run --help'\n",
    ],
    [["run", "--name"], "Error: flag needs an argument: --name\nSee 'coracle run --help'\n"],
    [
      ["run", "--rm=maybe", "x"],
      'Error: invalid argument "maybe" for "--rm" flag: strconv.ParseBool: parsing "maybe": invalid syntax\nSee \'coracle run --help\'\n',
    ],
    [
      ["run", "--cpu-shares", "x", "y"],
      'Error: invalid argument "x" for "-c, --cpu-shares" flag: strconv.ParseUint: parsing "x": invalid syntax\nSee \'coracle run --help\'\n',
    ],
    [["version", "more"], "Error: `coracle version` takes no arguments\n"],
    [["run"], "Error: requires at least 1 arg(s), only received 0\n"],
    [["image", "--remote", "ls"], "Error: --remote is not supported yet\n"],
    [["--remote", "ps"], "Error: --remote is not supported yet\n"],
    [["ps", "--url=x"], "Error: --url is not supported yet\n"],
    [["create", "--module=x", "y"], "Error: unknown flag: --module\nSee 'coracle create --help'\n"],
    [
      ["--context=swarm", "version"],
      'Error: Coracle does not support swarm, the only --context value allowed is "default"\n',
    ],
    [["run", "--pod", "x", "y"], "Error: --pod is not supported yet\n"],
  ])("%j", (args, message) => {
    expect(coracle(...args)).toEqual({ code: 125, out: "", err: message });
  });

  it("refuses a log level in Podman's own way", () => {
    expect(coracle("--log-level", "loud", "ps")).toEqual({
      code: 1,
      out: "",
      err: 'Log Level "loud" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, panic\n',
    });
  });

  it("accepts an unsupported flag that asks for nothing", () => {
    expect(coracle("--remote=false", "version")).toMatchObject({ code: 0, err: "" });
  });
});

describe("output", () => {
  it("prints the version, also as --version and by a template", () => {
    const { version } = JSON.parse(coracle("version", "--format", "json").out).Client.Version
      ? { version: coracle("version", "-f", "{{.Client.Version}}").out.trim() }
      : { version: "" };
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(coracle("--version").out).toBe(`coracle version ${version}\n`);
  });

  it("is complete when the reader of the pipe is slow", () => {
    const script = `${process.execPath} ${join(root, "src/cli/main.ts")} run --help | (sleep 0.5; cat) | tail -n 2`;
    const result = spawnSync("sh", ["-c", script], { encoding: "utf8" });
    expect(result.stdout).toMatch(/^ +-w, --workdir string .*\n\n$/);
  });

  it("ends quietly when the reader goes away", () => {
    const main = `${process.execPath} ${join(root, "src/cli/main.ts")}`;
    // The first one reads nothing, and its end shows that the reader has gone.
    const script = `{ dd bs=65536 if=/dev/zero 2>/dev/null; ${main} run --help; echo $? >&2; } | true`;
    expect(spawnSync("sh", ["-c", script], { encoding: "utf8" }).stderr).toBe("141\n");
  });

  it("shows where an error comes from only when asked to", () => {
    expect(coracle("run").err.split("\n")).toHaveLength(2);
    expect(coracle("--log-level=debug", "run").err).toMatch(/\n {4}at /);
  });
});
