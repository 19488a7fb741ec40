import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { table } from "../../../commands/index.ts";
import { complete } from "../../../src/cli/completion/complete.ts";
import { shells } from "../../../src/cli/completion/shells.ts";
import { globalSyntax } from "../../../src/cli/global-flags.ts";

const root = join(import.meta.dirname, "../../..");

const names = async (kind: string) => [{ value: `${kind}-1` }, { value: `${kind}-2` }];

async function values(...words: string[]): Promise<string[]> {
  return (await complete(table, words, names)).candidates.map(({ value }) => value);
}

describe("complete", () => {
  it("offers commands and groups, with what they do", async () => {
    expect(await values("")).toEqual(expect.arrayContaining(["container", "image", "ps", "run"]));
    expect(await complete(table, ["vers"], names)).toEqual({
      candidates: [{ value: "version", description: "Display the version information" }],
      directive: 4,
    });
    expect(await values("--root", "/x", "container", "sto")).toEqual(["stop"]);
    expect(await values("help", "sto")).toEqual(["stop"]);
    expect(await values("nope", "")).toEqual([]);
  });

  it("offers flags that work, not those that are only recognised", async () => {
    expect(await values("run", "--net")).toEqual(["--network", "--network-alias"]);
    expect(await values("run", "--pod-id")).toEqual([]);
    expect(await values("--log")).toEqual(["--log-level"]);
  });

  it("offers the values of flags", async () => {
    expect(await values("run", "--pull", "")).toEqual(["always", "missing", "never", "newer"]);
    expect(await values("run", "--pull=n")).toEqual(["never", "newer"]);
    expect(await values("run", "-it", "--pull", "a")).toEqual(["always"]);
    expect(await values("--log-level", "deb")).toEqual(["debug"]);
    expect(await values("kill", "-s", "")).toEqual(["signal-1", "signal-2"]);
  });

  it("offers names for arguments, each once", async () => {
    expect(await values("stop", "")).toEqual(["running-1", "running-2"]);
    expect(await values("stop", "running-1", "--time", "3", "")).toEqual(["running-2"]);
    expect(await values("rmi", "image-2")).toEqual(["image-2"]);
    expect(await values("rename", "container-1", "")).toEqual([]);
    expect(await values("volume", "exists", "volume-1", "")).toEqual([]);
  });

  it("offers paths in the image, or files, for the command of a container", async () => {
    expect(await values("run", "--rm", "")).toEqual(["image-1", "image-2"]);
    expect(await values("run", "--rm", "image-1", "")).toEqual(["image-path-1", "image-path-2"]);
    expect(await values("create", "image-1", "ls", "-l", "")).toEqual(["image-path-1", "image-path-2"]);
    expect(await values("run", "image-1", "--pu")).toEqual([]);
    expect(await values("exec", "-it", "running-1", "-")).toEqual([]);
  });

  it("makes nothing of a line that makes no sense", async () => {
    expect(await values("run", "--nope", "--pull", "")).toEqual(["image-1", "image-2"]);
    expect(await values("run", "--help", "")).toEqual(["image-1", "image-2"]);
  });
});

it("says what has been typed", async () => {
  const seen = async (...words: string[]) => {
    let typed: unknown;
    await complete(table, words, async (_kind, _options, what) => {
      typed = what;
      return [];
    });
    return typed;
  };
  expect(await seen("cp", "-a", "c:/et")).toEqual({ args: [], current: "c:/et" });
  expect(await seen("run", "-it", "bb", "ls", "/b")).toEqual({ args: ["bb", "ls"], current: "/b" });
});

describe("behind a key or in a template", () => {
  it.each([
    [["ps", "--filter", "sta"], ["status="]],
    [["ps", "-f", "status=p"], ["status=paused"]],
    [
      ["ps", "--filter=name="],
      ["name=container-name-1", "name=container-name-2"],
    ],
    [["run", "--userns", "k"], ["keep-id"]],
    [
      ["run", "--network", "container:c"],
      ["container:container-1", "container:container-2"],
    ],
    [["run", "--network", "slirp4netns:enable_ipv6=t"], ["slirp4netns:enable_ipv6=true"]],
    [["images", "--format", ""], ["json"]],
    [
      ["image", "ls", "--format", "{{.Repo"],
      ["{{.RepoDigests}}", "{{.RepoTags}}", "{{.Repository}}"],
    ],
    [["info", "-f", "{{.Version.Version}} {{.Host.Sec"], ["{{.Version.Version}} {{.Host.Security."]],
    [["inspect", "--format", "{{json .State.Pi"], ["{{json .State.Pid}}"]],
    [["load", "--input", ""], []],
  ])("%j", async (words, expected) => {
    expect(await values(...words)).toEqual(expected);
  });

  it.each([
    [["ps", "--filter", ""], 6],
    [["ps", "--filter", "status="], 4],
    [["load", "--input", ""], 0],
    [["run", "--volume", ""], 2],
    [["run", "--cidfile="], 0],
    [["run", "image-1", ""], 2],
    [["exec", "running-1", ""], 0],
    [["system", "df", ""], 4],
    [["nope", ""], 0],
  ])("%j tells the shell how to go on: %d", async (words, directive) => {
    expect((await complete(table, words, names)).directive).toBe(directive);
  });
});

describe("the scripts", () => {
  it.each([
    ["bash", "coracle.bash"],
    ["zsh", "_coracle"],
    ["fish", "coracle.fish"],
  ])("for %s is the one that the program prints", (shell, file) => {
    expect(readFileSync(join(root, "completions", file), "utf8")).toBe(shells[shell]);
  });

  it("completes in bash, also behind = and :", () => {
    const directory = mkdtempSync(join(tmpdir(), "coracle-completion-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const program = join(directory, "coracle");
    writeFileSync(
      program,
      `#!/bin/sh\nprintf '%s|' "$@" >${directory}/args\nprintf '%b\\n' 'always\\tx' never :4\n`,
    );
    chmodSync(program, 0o755);
    const script = `
      source ${join(root, "completions/coracle.bash")}
      COMP_LINE="${program} run --pull=" COMP_POINT=\${#COMP_LINE}
      COMP_LINE+="ignored"
      _coracle
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const result = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    expect(result.stderr).toBe("");
    expect(result.stdout).toBe("always\nnever\n");
    expect(readFileSync(join(directory, "args"), "utf8")).toBe("__complete|run|--pull=|");
  });
});

it("the launcher knows every global flag that takes a value", () => {
  const source = readFileSync(join(root, "native/launcher/command_line.c"), "utf8");
  const list = /valued_flags\[\] = \{([^}]*)\}/.exec(source)?.[1] ?? "";
  const known = [...list.matchAll(/"(-[^"]*)"/g)].map((match) => match[1]);
  for (const { name, char, valueWhenAlone } of globalSyntax) {
    if (valueWhenAlone !== undefined) continue;
    expect(known).toContain(`--${name}`);
    if (char) expect(known).toContain(`-${char}`);
  }
});
