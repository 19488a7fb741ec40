import { invalid } from "./invalid.ts";

/** An unsigned number of 32 bits, refused in Go's words. */
export function parseUint32(text: string, what = ""): number {
  const reason = /^\d+$/.test(text)
    ? Number(text) < 2 ** 32
      ? undefined
      : "value out of range"
    : "invalid syntax";
  if (reason) throw invalid(`${what}strconv.ParseUint: parsing ${JSON.stringify(text)}: ${reason}`);
  return Number(text);
}
