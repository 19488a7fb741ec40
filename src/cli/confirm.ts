import * as fs from "node:fs";
import { EngineError } from "../errors.ts";
import { print } from "./output.ts";

/** Asks on stdout, reads one line of stdin; what begins with a y agrees. A line that isn't ended is none. */
export async function confirm(question: string): Promise<boolean> {
  print(question);
  let answer = "";
  const byte = Buffer.alloc(1);
  // Byte by byte: what follows the line is not ours.
  while (byte[0] !== 10) {
    if (!readByte(byte)) throw new EngineError("no-answer", "EOF", { hint: "--force asks nothing" });
    answer += byte.toString("latin1");
  }
  return /^y/i.test(answer);
}

function readByte(byte: Buffer): boolean {
  try {
    return fs.readSync(0, byte) === 1;
  } catch {
    return false; // no stdin, nobody to agree
  }
}
