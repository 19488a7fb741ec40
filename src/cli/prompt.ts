import * as fs from "node:fs";
import { EngineError } from "../errors.ts";
import { print, printError } from "./output.ts";

/** One line from stdin, without its end; undefined where stdin ends before it does. Byte by byte: what follows the line is not ours. */
export function readLine(prompt: string): string | undefined {
  print(prompt);
  const bytes: number[] = [];
  const byte = Buffer.alloc(1);
  for (;;) {
    if (!readByte(byte)) return undefined;
    if (byte[0] === 0x0a) break;
    bytes.push(byte[0] as number);
  }
  return Buffer.from(bytes).toString().replace(/\r$/, "");
}

function readByte(byte: Buffer): boolean {
  try {
    return fs.readSync(0, byte) === 1;
  } catch {
    return false; // no stdin: nobody says anything
  }
}

/** What is said where there is no terminal. */
const noTerminal = {
  complaint: "getting username and password: reading password",
  hint: "without a terminal use --password-stdin",
};

/** A line typed on the terminal that it doesn't show. */
export async function readPassword(prompt: string, { complaint, hint } = noTerminal): Promise<string> {
  print(prompt);
  const { stdin } = process;
  if (!stdin.isTTY) {
    printError("");
    throw new EngineError("no-terminal", `${complaint}: inappropriate ioctl for device`, { hint });
  }
  stdin.setRawMode(true);
  try {
    return await readHidden(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    printError("");
  }
}

/** In raw mode the keys that edit and end a line are ours to heed. */
async function readHidden(stdin: NodeJS.ReadStream): Promise<string> {
  const typed: number[] = [];
  for await (const chunk of stdin) {
    for (const byte of chunk as Buffer) {
      if (byte === 0x0d || byte === 0x0a || byte === 0x04) return Buffer.from(typed).toString();
      if (byte === 0x03) throw new EngineError("interrupted", "interrupted", { exitCode: 130 });
      if (byte === 0x15) typed.length = 0;
      else if (byte === 0x7f || byte === 0x08) typed.pop();
      else typed.push(byte);
    }
  }
  return Buffer.from(typed).toString();
}
