/** The log driver journald. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../support/process.ts";
import { type Field, listen, messages, value } from "./journal.ts";
import { Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(async () => {
  await workshop.cleanUp();
});

/** The entries of a container; `count` of them are waited for. */
async function logged(
  script: string,
  count: number,
  { tag, ...monitor }: { tag?: string; id?: string; name?: string } = {},
) {
  const bundle = workshop.bundle({ args: ["sh", "-c", script] });
  const journal = await listen(bundle.directory);
  const log = { driver: "journald", path: journal.socket, maxSize: 0, maxFile: 1, tag };
  bundle.change({ log, ...monitor });
  await bundle.output();
  expect(bundle.status.exitCode).toBe(0);
  await waitUntil(() => journal.entries().length >= count, { what: `${count} entries` });
  return journal.entries();
}

test("an entry has conmon's fields", async () => {
  const id = "0123456789abcdef".repeat(4);
  const entries = await logged("echo out; sleep 0.2; echo err >&2", 2, { id, name: "web" });
  const common: Field[] = [
    ["CONTAINER_ID_FULL", id],
    ["CONTAINER_ID", id.slice(0, 12)],
    ["CONTAINER_NAME", "web"],
    ["SYSLOG_IDENTIFIER", "web"],
  ];
  expect(entries).toEqual([
    [["MESSAGE", "out"], ...common, ["PRIORITY", "6"]],
    [["MESSAGE", "err"], ...common, ["PRIORITY", "3"]],
  ]);
});

test("lines are put together and cut, bytes are kept, and what has no end is partial", async () => {
  const entries = await logged(
    "printf 'a\\0\\377'; sleep 0.2; printf 'b\\n\\n'; head -c 20000 /dev/zero | tr '\\0' x; echo; printf rest",
    6,
  );
  expect(messages(entries)).toEqual([
    "a\0\xffb",
    "",
    "x".repeat(8192),
    "x".repeat(8192),
    "x".repeat(20000 - 2 * 8192),
    "rest",
  ]);
  expect(entries.map((entry) => value(entry, "CONTAINER_PARTIAL_MESSAGE"))).toEqual([
    undefined,
    undefined,
    "true",
    "true",
    undefined,
    "true",
  ]);
});

test("a line may say its priority, however it comes in", async () => {
  const entries = await logged(
    "printf '<4>warned\\n<9>a\\n<>b\\n<\\n<0\\n<0>\\n < 0>c\\n<2'; sleep 0.2; printf '>in <1>two\\n'; " +
      "printf '<1>'; head -c 9000 /dev/zero | tr '\\0' x; echo; echo '<5>noted' >&2",
    11,
  );
  expect(entries.map((entry) => [value(entry, "PRIORITY"), value(entry, "MESSAGE")])).toEqual([
    ["4", "warned"],
    ["6", "<9>a"],
    ["6", "<>b"],
    ["6", "<"],
    ["6", "<0"],
    ["0", ""],
    ["6", " < 0>c"],
    ["2", "in <1>two"],
    ["1", "x".repeat(8192 - 3)],
    ["1", "x".repeat(9003 - 8192)],
    ["5", "noted"],
  ]);
});

test("a tag may have newlines, and be too large for a datagram", async () => {
  const tag = `two\nlines${"x".repeat(300_000)}`;
  const [entry = []] = await logged("echo tagged", 1, { tag });
  expect(value(entry, "file")).toBe("sealed");
  expect(value(entry, "MESSAGE")).toBe("tagged");
  expect(value(entry, "CONTAINER_TAG")).toBe(tag);
  expect(value(entry, "SYSLOG_IDENTIFIER")).toBe(tag);
});

test("nothing of much is lost, in order", async () => {
  const entries = await logged("seq 1 5000", 5000);
  expect(messages(entries)).toEqual(Array.from({ length: 5000 }, (_, i) => `${i + 1}`));
});

test("without a journal the start fails, and says so", async () => {
  const bundle = workshop.bundle({ args: ["true"] });
  bundle.change({
    log: { driver: "journald", path: join(bundle.directory, "nobody"), maxSize: 0, maxFile: 1 },
  });
  const relay = await bundle.output();
  expect(await relay.exit).toBe(125);
  expect(relay.events).toEqual([
    {
      event: "error",
      code: "no-journal",
      exitCode: 125,
      message: expect.stringMatching(/^log driver journald: connect to .*nobody: No such file or directory$/),
    },
  ]);
});

test("a journal that doesn't read holds up the container for a moment only", async () => {
  const bundle = workshop.bundle({ args: ["sh", "-c", "seq 1 2000"] });
  const journal = await listen(bundle.directory);
  bundle.change({ log: { driver: "journald", path: journal.socket, maxSize: 0, maxFile: 1 } });
  journal.child.kill("SIGSTOP");
  const relay = await bundle.output();
  journal.child.kill("SIGCONT");
  expect(await relay.exit).toBe(0);
  expect(relay.stdout.toString().split("\n")).toHaveLength(2001);
});
