import { EngineError } from "../errors.ts";

/** Several failures as one, in Podman's form; one is what it is. */
export function joinedError(errors: readonly EngineError[], exitCode: number): EngineError {
  const [first, ...more] = errors as [EngineError, ...EngineError[]];
  if (more.length === 0) {
    return new EngineError(first.code, first.message, { hint: first.hint, exitCode, cause: first });
  }
  const lines = errors.map(({ message }) => `\t* ${message}`);
  return new EngineError("several", `${errors.length} errors occurred:\n${lines.join("\n")}`, { exitCode });
}
