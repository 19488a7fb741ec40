import * as fs from "node:fs";
import { print } from "./output.ts";

/** Asks on stdout, reads one line of stdin; only y and yes agree. */
export async function confirm(question: string): Promise<boolean> {
  print(question);
  let answer = "";
  const byte = Buffer.alloc(1);
  // Byte by byte: what follows the line is not ours.
  while (readByte(byte) && byte[0] !== 10) answer += byte.toString("latin1");
  return /^y(es)?$/i.test(answer.trim());
}

function readByte(byte: Buffer): boolean {
  try {
    return fs.readSync(0, byte) === 1;
  } catch {
    return false; // no stdin, nobody to agree
  }
}
