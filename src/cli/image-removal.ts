import type { EngineError } from "../errors.ts";
import { joinedError } from "./joined-errors.ts";

/** Several failures as one: 2 for an image in use, 1 where all that went wrong is that there is no such image. */
export function removalError(errors: readonly EngineError[]): EngineError {
  const codes = errors.map(({ code }) => code);
  const exitCode = codes.includes("image-in-use")
    ? 2
    : codes.every((code) => code === "image-not-known")
      ? 1
      : 125;
  return joinedError(errors, exitCode);
}
