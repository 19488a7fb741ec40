import { EngineError } from "../errors.ts";

/** A value of a flag that can't be used. */
export function invalid(message: string, hint?: string): EngineError {
  return new EngineError("invalid-argument", message, { hint });
}

/** A value that Podman knows and this engine doesn't, yet. */
export function notSupported(what: string, hint?: string): EngineError {
  return new EngineError("not-supported", `${what} is not supported yet`, { hint });
}
