import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../support/process.ts";
import { Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

/** A container with a log file of this driver, run to its end. */
async function logged(driver: string, args: string[], log: Record<string, unknown> = {}) {
  const bundle = workshop.bundle({ args });
  bundle.change({ log: { driver, path: join(bundle.directory, "log"), maxSize: 0, maxFile: 1, ...log } });
  const relay = await bundle.output();
  return { bundle, relay };
}

/** The same, of commands each of which is run when the monitor has read what the one before it has written. */
async function loggedInPieces(driver: string, commands: string[], ...args: string[]) {
  const bundle = workshop.bundle({
    args: ["sh", "-c", commands.join("; read line; "), ...args],
    monitor: { openStdin: true },
  });
  bundle.change({ log: { driver, path: join(bundle.directory, "log"), maxSize: 0, maxFile: 1 } });
  const relay = bundle.run({ attach: "stdin,stdout,stderr", keepStdin: true });
  // What the relay has, the log has.
  const seen = () => relay.stdout.length + relay.stderr.length;
  for (let i = 1, before = 0; i < commands.length; i++) {
    await waitUntil(() => seen() > before, { what: "the next piece" });
    before = seen();
    relay.child.stdin?.write("\n");
  }
  await relay.exit;
  return bundle;
}

const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d`;

test("k8s-file has time, stream, F or P and the line", async () => {
  const bundle = await loggedInPieces("k8s-file", ["printf 'whole\\n\\npart'", "echo err >&2", "echo ial"]);
  expect(bundle.log).toMatch(
    new RegExp(
      `^${time} stdout F whole\n${time} stdout F \n${time} stdout P part\n${time} stderr F err\n${time} stdout F ial\n$`,
    ),
  );
});

test("k8s-file cuts long lines into pieces that join to the line", async () => {
  const { bundle } = await logged("k8s-file", [
    "sh",
    "-c",
    "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end",
  ]);
  const entries = bundle.log
    .split("\n")
    .slice(0, -1)
    .map((line) => /^\S+ stdout ([FP]) (.*)$/.exec(line) as RegExpExecArray);
  expect(entries.map((entry) => entry[2]).join("")).toBe(`${"x".repeat(100000)}end`);
  expect(entries.filter((entry) => entry[1] === "F").length).toBeLessThanOrEqual(2);
  expect(entries[0]?.[1]).toBe("P");
});

test("json-file has Docker's lines, whatever the bytes are", async () => {
  const text = 'quote " back \\ tab \t bell \x07 é 漢 😀';
  const bundle = await loggedInPieces(
    "json-file",
    [`printf '%s\\n' "$0"`, "printf '\\377\\n' >&2", "printf '\\303'", "printf '\\251 split\\n'"],
    text,
  );
  const entries = bundle.log
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(entries[0]).toEqual({
    log: `${text}\n`,
    stream: "stdout",
    time: expect.stringMatching(/^\d{4}-.*\.\d{9}Z$/),
  });
  expect(entries[1]).toMatchObject({ log: "\ufffd\n", stream: "stderr" });
  expect(
    entries
      .slice(2)
      .map((entry) => entry.log)
      .join(""),
  ).toBe("é split\n");
});

test("json-file cuts what its escapes make long, and loses nothing of it", async () => {
  const text = "\x7f".repeat(50_000);
  const { bundle } = await logged("json-file", ["sh", "-c", "head -c 50000 /dev/zero | tr '\\0' '\\177'"]);
  const lines = bundle.log.split("\n").slice(0, -1);
  expect(lines.map((line) => JSON.parse(line).log).join("")).toBe(text);
});

test.each(["k8s-file", "json-file"])("%s is rotated over its size", async (driver) => {
  const { bundle } = await logged(driver, ["seq", "1", "2000"], { maxSize: 20000, maxFile: 3 });
  const files = ["log.2", "log.1", "log"].map((name) => readFileSync(join(bundle.directory, name), "utf8"));
  expect(bundle.exists("log.3")).toBe(false);
  for (const text of files) expect(text.length).toBeLessThanOrEqual(20000);
  // A line that one read of the pipe has cut is in two entries.
  const lines =
    driver === "json-file"
      ? files
          .join("")
          .replaceAll(/^\{"log":"(\d*)(\\n)?".*\n/gm, (_, digits, end) => digits + (end ? "\n" : ""))
      : files
          .join("")
          .replaceAll(/^\S+ stdout F (.*)$/gm, "$1")
          .replaceAll(/^\S+ stdout P (.*)\n/gm, "$1");
  const numbers = lines.split("\n").slice(0, -1).map(Number);
  expect(numbers.at(-1)).toBe(2000);
  // The oldest entry may be the end of a line.
  const whole = numbers.slice(1);
  expect(whole).toEqual(whole.map((_, i) => (whole[0] as number) + i));
});

test("with one file only, it is started anew", async () => {
  const { bundle } = await logged("k8s-file", ["seq", "1", "2000"], { maxSize: 5000 });
  expect(bundle.log.length).toBeLessThanOrEqual(5000);
  expect(bundle.log).toMatch(/ F 2000\n$/);
  expect(bundle.exists("log.1")).toBe(false);
});

test("a second run goes on in the same file", async () => {
  const { bundle } = await logged("k8s-file", ["echo", "again"]);
  await bundle.output();
  expect(bundle.log.match(/F again$/gm)).toHaveLength(2);
});

test("none writes nothing", async () => {
  const { bundle, relay } = await logged("none", ["echo", "x"]);
  expect(relay.stdout.toString()).toBe("x\n");
  expect(bundle.exists("log")).toBe(false);
});

test("passthrough gives the container the caller's own stdio", async () => {
  const { relay } = await logged("passthrough", ["sh", "-c", "echo out; echo err >&2; exit 2"], {
    path: null,
  });
  expect(relay.stdout.toString()).toBe("out\n");
  expect(relay.stderr).toBe("err\n");
  expect(await relay.exit).toBe(2);
});

test("a log that is a symbolic link is refused and its target left alone", async () => {
  const bundle = workshop.bundle({ args: ["echo", "x"] });
  const victim = join(bundle.directory, "victim");
  writeFileSync(victim, "precious");
  symlinkSync(victim, join(bundle.directory, "log"));
  const relay = await bundle.output();
  expect(await relay.exit).toBe(125);
  expect(readFileSync(victim, "utf8")).toBe("precious");
});
