/** A receiver in the journal's place that takes the protocol apart. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { waitUntil } from "../../support/process.ts";

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

export type Field = [name: string, value: string];

/** Listens at a socket in the directory for as long as the test runs. */
export async function listen(directory: string, name = "journal") {
  const socket = join(directory, name);
  const out = join(directory, "entries");
  const child = spawn("python3", ["-c", receiver, socket, out], { stdio: ["ignore", "inherit", "inherit"] });
  onTestFinished(() => void child.kill());
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

export const value = (entry: Field[], name: string) => entry.find(([key]) => key === name)?.[1];
export const messages = (entries: Field[][]) => entries.map((entry) => value(entry, "MESSAGE"));
