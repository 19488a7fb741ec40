import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { findProgram, isExecutable } from "../../host/programs.ts";

/** The path of the OCI runtime to use, or null for our own. Accepts a name on PATH or a path, as Podman. */
export function resolveRuntime(name: string | undefined): string | null {
  if (name === undefined || name === "" || name === "coracle" || name === "coracle-runtime") return null;
  const file = name.includes("/") ? path.resolve(name) : findProgram(name);
  if (file !== undefined && isExecutable(file)) return file;
  throw new EngineError("no-such-runtime", `OCI runtime "${name}" not found`, {
    hint: `install it (\`apt install ${path.basename(name)}\`) or leave out --runtime to use Coracle's own`,
  });
}
