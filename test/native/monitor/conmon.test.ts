/** coracle-conmon by itself, with our runtime. What Podman does with it is in test/e2e/parts-in-podman.test.ts. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { hasProgram, skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace, program } from "../runtime/bundle.ts";
import { listen, messages, value } from "./journal.ts";

const id = "0123456789abcdef".repeat(4);
let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
  bundle.config.process.args = ["sh", "-c", "echo out; echo err >&2; printf rest"];
});

/** Shell functions: `conmon ARGS…`, and `run ARGS…` that starts what it makes and waits for its end. */
const functions = `
  conmon() {
    ${join(dirname(program), "coracle-conmon")} --full-attach -b "$PWD" -c ${id} -u ${id} -n box -p pid --exit-dir exits \
      -r "$program" --runtime-arg=--root --runtime-arg="$state" "$@"
  }
  run() {
    mkdir exits
    conmon "$@"
    until rt start ${id} 2>/dev/null; do sleep 0.05; done
    until [ -e exits/${id} ]; do sleep 0.05; done
    cat exits/${id}
    rt delete ${id}
  }`;
/** /run with nothing but the journal's socket, if it is given. */
const withRun = (journal?: string) => `
  mount -t tmpfs t /run; mkdir -p /run/systemd/journal
  ${journal ? `mount --bind ${journal} /run/systemd/journal` : ""}`;
const file = (name: string) =>
  readFileSync(bundle.outside(name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").slice(1).join(" "));
const LINES = ["stderr F err", "stdout F out", "stdout P rest"];

describe("logs", () => {
  test("to a file and the journal at once, and none beside them changes nothing", async (context) => {
    skipUnless(context, hasProgram("python3"));
    const directory = bundle.outside("journal");
    mkdirSync(directory);
    const journal = await listen(directory, "socket");
    const logs =
      "-l k8s-file:$PWD/first -l k8s-file:$PWD/log -l journald -l none --log-tag tag --log-label A_1=b";
    expect(await bundle.output(`${withRun(directory)} ${functions}\nrun ${logs}`)).toBe("0");
    expect(file("log").sort()).toEqual(LINES);
    expect(existsSync(bundle.outside("first"))).toBe(false);
    const entries = journal.entries();
    expect(messages(entries).sort()).toEqual(["err", "out", "rest"]);
    expect(entries.find((entry) => value(entry, "MESSAGE") === "err")).toEqual([
      ["MESSAGE", "err"],
      ["CONTAINER_ID_FULL", id],
      ["CONTAINER_ID", id.slice(0, 12)],
      ["CONTAINER_NAME", "box"],
      ["CONTAINER_TAG", "tag"],
      ["SYSLOG_IDENTIFIER", "tag"],
      ["A_1", "b"],
      ["PRIORITY", "3"],
    ]);
    expect(
      value(entries.find((entry) => value(entry, "MESSAGE") === "rest")!, "CONTAINER_PARTIAL_MESSAGE"),
    ).toBe("true");
  });

  test("--no-container-partial-message: pieces in the journal aren't marked", async (context) => {
    skipUnless(context, hasProgram("python3"));
    const directory = bundle.outside("journal");
    mkdirSync(directory);
    const journal = await listen(directory, "socket");
    await bundle.output(`${withRun(directory)} ${functions}\nrun -l journald --no-container-partial-message`);
    expect(messages(journal.entries()).sort()).toEqual(["err", "out", "rest"]);
    expect(
      journal
        .entries()
        .flat()
        .map(([name]) => name),
    ).not.toContain("CONTAINER_PARTIAL_MESSAGE");
  });

  test("to a journal that isn't there are lost, and the container runs", async () => {
    expect(await bundle.output(`${withRun()} ${functions}\nrun -l journald -l k8s-file:log`)).toBe("0");
    expect(file("log").sort()).toEqual(LINES);
  });

  test("a path alone is a file's, relative ones count from the caller's directory", async () => {
    expect(await bundle.output(`${functions}\nrun -l log`)).toBe("0");
    expect(file("log").sort()).toEqual(LINES);
  });

  test.each(["none", "off", "null"])("%s: nobody's", async (driver) => {
    expect(await bundle.output(`${functions}\nrun -l ${driver}`)).toBe("0");
  });

  test("passthrough: the container has conmon's own stdio", async () => {
    const out = await bundle.output(`${functions}\nrun -l passthrough >out 2>err </dev/null; cat out err`);
    expect(out).toBe("out\nrest0err\n");
  });

  test("passthrough of a terminal takes the driver for it", async (context) => {
    skipUnless(context, hasProgram("script"));
    const inTerminal = (driver: string) =>
      bundle.script(`cat >s.sh <<'END'
program=$1 state=$2; rt() { "$program" --root "$state" "$@"; }
${functions}
set -e
run -l ${driver}
END
script -qec "sh s.sh $program $state" /dev/null`);
    expect((await inTerminal("passthrough")).stdout).toMatch(
      /passthrough: not with a terminal; use passthrough-tty/,
    );
    await bundle.script("rm -rf exits");
    expect((await inTerminal("passthrough-tty")).stdout).toMatch(/out\r\n/);
  });

  test.each([
    ["-l syslog:x", "No such log driver syslog"],
    ["-l k8s-file", "k8s-file requires a filename"],
    ["-l k8s-file:", "k8s-file requires a filename"],
    ["-l log --log-tag x", "k8s-file doesn't support --log-tag"],
    ["-l journald -c short", "must be longer than 12 characters"],
  ])("%s is refused", async (args, message) => {
    const { exitCode, stderr } = await bundle.script(`${functions}\nconmon ${args}`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
  });
});
