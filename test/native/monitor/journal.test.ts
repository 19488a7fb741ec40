/** The log driver journald, with a receiver in the journal's place that takes the protocol apart. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../support/process.ts";
import { Workshop } from "./support.ts";

/** Writes each entry as a line of JSON: a list of [name, value as latin1]; `file` first where it came as one. */
const receiver = `
import array, json, os, socket, struct, sys
path, out = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
while True:
    data, control, _, _ = s.recvmsg(1 << 20, socket.CMSG_LEN(4))
    fields = []
    for level, kind, fds in control:
        fd = array.array("i", fds)[0]
        data = os.pread(fd, 1 << 24, 0)
        try:
            os.write(fd, b"x")
        except PermissionError:
            fields.append(["file", "sealed"])
    while data:
        line, data = data.split(b"\\n", 1)
        if b"=" in line:
            name, value = line.split(b"=", 1)
        else:
            length = struct.unpack("<Q", data[:8])[0]
            name, value, data = line, data[8:8 + length], data[8 + length + 1:]
        fields.append([name.decode(), value.decode("latin1")])
    with open(out, "a") as f:
        f.write(json.dumps(fields) + "\\n")
`;

let workshop: Workshop;
const receivers: ChildProcess[] = [];
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(async () => {
  for (const child of receivers) child.kill();
  await workshop.cleanUp();
});

type Field = [name: string, value: string];

async function listen(directory: string) {
  const socket = join(directory, "journal");
  const out = join(directory, "entries");
  const child = spawn("python3", ["-c", receiver, socket, out], { stdio: ["ignore", "inherit", "inherit"] });
  receivers.push(child);
  await waitUntil(() => existsSync(socket), { what: "receiver" });
  const entries = (): Field[][] =>
    existsSync(out)
      ? readFileSync(out, "utf8")
          .split("\n")
          .slice(0, -1)
          .map((line) => JSON.parse(line))
      : [];
  return { socket, entries, child };
}

const value = (entry: Field[], name: string) => entry.find(([key]) => key === name)?.[1];
const messages = (entries: Field[][]) => entries.map((entry) => value(entry, "MESSAGE"));

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
