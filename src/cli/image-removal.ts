import { EngineError } from "../errors.ts";

/** Several failures as one: 2 for an image in use, 1 where all that went wrong is that there is no such image. */
export function removalError(errors: readonly EngineError[]): EngineError {
  const codes = errors.map(({ code }) => code);
  const exitCode = codes.includes("image-in-use")
    ? 2
    : codes.every((code) => code === "image-not-known")
      ? 1
      : 125;
  const [first, ...more] = errors as [EngineError, ...EngineError[]];
  if (more.length === 0) {
    return new EngineError(first.code, first.message, { hint: first.hint, exitCode, cause: first });
  }
  const lines = errors.map(({ message }) => `\t* ${message}`);
  return new EngineError("several", `${errors.length} errors occurred:\n${lines.join("\n")}`, { exitCode });
}
