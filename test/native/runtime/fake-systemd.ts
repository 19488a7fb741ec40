/**
 * What a runtime sees of systemd where there is none: the private socket, D-Bus's authentication, and an answer to
 * StartTransientUnit after the process has been put into a cgroup, and to what else is asked. The real one is met in test/vm.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";

interface Call {
  /** Who the caller says to be. */
  user: number;
  method: string;
  unit: string;
  body: Buffer;
}

const RETURN = 2;
const ERROR = 3;

export class FakeSystemd {
  readonly calls: Call[] = [];

  /** `parent`: the directory of the cgroup in which scopes are made; undefined: every call is refused. */
  constructor(runtimeDirectory: string, parent: string | undefined) {
    mkdirSync(join(runtimeDirectory, "systemd"), { recursive: true });
    const server = createServer((socket) => {
      let received = Buffer.alloc(0);
      socket.on("data", (data) => {
        received = Buffer.concat([received, data]);
        const call = parse(received);
        if (!call) return;
        this.calls.push(call);
        received = Buffer.alloc(0);
        this.#answer(socket, call, parent);
      });
      socket.on("error", () => socket.destroy());
    });
    server.listen(join(runtimeDirectory, "systemd/private"));
    onTestFinished(() => void server.close());
  }

  #answer(socket: Socket, call: Call, parent: string | undefined): void {
    socket.write("OK 0123456789abcdef0123456789abcdef\r\n");
    if (parent === undefined) {
      socket.end(message(ERROR, "No such luck"));
      return;
    }
    if (call.method === "StartTransientUnit") startScope(call, parent);
    socket.end(message(RETURN));
  }
}

function startScope(call: Call, parent: string): void {
  const scope = join(parent, call.unit);
  mkdirSync(scope);
  const pids = call.body.indexOf("PIDs\0\x02au\0");
  const array = Math.ceil((pids + "PIDs\0\x02au\0".length) / 4) * 4;
  writeFileSync(join(scope, "cgroup.procs"), String(call.body.readUInt32LE(array + 4)));
}

function parse(data: Buffer): Call | undefined {
  const start = data.indexOf("BEGIN\r\n");
  if (start < 0) return undefined;
  const hex = /^\0AUTH EXTERNAL ([0-9a-f]+)\r\n/.exec(data.toString("latin1"))?.[1] ?? "";
  const call = data.subarray(start + "BEGIN\r\n".length);
  if (call.length < 16) return undefined;
  const body = 16 + Math.ceil(call.readUInt32LE(12) / 8) * 8;
  if (call.length < body + call.readUInt32LE(4)) return undefined;
  const member = call.indexOf("\x03\x01s\0") + 4;
  return {
    user: Number(Buffer.from(hex, "hex").toString()),
    method: call.toString("latin1", member + 4, member + 4 + call.readUInt32LE(member)),
    unit: call.toString("latin1", body + 4, body + 4 + call.readUInt32LE(body)),
    body: call.subarray(body),
  };
}

/** A reply to serial 1, without fields that its reader doesn't need; an error has its text for a body. */
function message(type: number, text = ""): Buffer {
  const body = text === "" ? Buffer.alloc(0) : Buffer.alloc(4 + text.length + 1);
  if (text !== "") {
    body.writeUInt32LE(text.length);
    body.write(text, 4);
  }
  const header = Buffer.alloc(24);
  header.set([0x6c, type, 1, 1]);
  header.writeUInt32LE(body.length, 4);
  header.writeUInt32LE(1, 8);
  header.writeUInt32LE(8, 12);
  header.set([5, 1, 0x75, 0], 16);
  header.writeUInt32LE(1, 20);
  return Buffer.concat([header, body]);
}
