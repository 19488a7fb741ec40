import type { Hash } from "node:crypto";

/** A running sha256. Loading node:crypto takes two milliseconds, which commands that hash nothing don't pay. */
export function sha256(): Hash {
  return process.getBuiltinModule("node:crypto").createHash("sha256");
}

/** Random bytes, as hexadecimal digits. */
export function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
}
