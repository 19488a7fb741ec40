import { EngineError } from "../errors.ts";
import { sha256 } from "./hash.ts";

/** `sha256:` and 64 lower-case hex digits; the only form that may become part of a path or URL. */
const pattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is string {
  return typeof text === "string" && pattern.test(text);
}

/** Refuses anything but a well-formed digest; `what` names where it came from. */
export function checkDigest(text: unknown, what: string): string {
  if (isDigest(text)) return text;
  const unsupported = typeof text === "string" && /^sha(384|512):[0-9a-f]+$/.test(text);
  throw new EngineError(
    "bad-digest",
    `${what}: ${unsupported ? "unsupported digest algorithm" : "invalid digest"} ${JSON.stringify(text)}`,
    { hint: "digests must be sha256 followed by 64 hex digits" },
  );
}

/** The hex part of a digest that has been checked. */
export function digestHex(digest: string): string {
  return checkDigest(digest, "digest").slice("sha256:".length);
}

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${sha256().update(bytes).digest("hex")}`;
}
