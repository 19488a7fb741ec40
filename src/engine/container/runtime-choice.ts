import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findProgram, isExecutable } from "../../host/programs.ts";

/**
 * The path of the OCI runtime to use, or null for our own. `asked` may be a path, a name of the configuration's table of
 * runtimes, or one on PATH, as Podman has it.
 */
export function resolveRuntime(ctx: Context, asked: string | undefined): string | null {
  const { runtime, runtimes = {} } = ctx.config.engine;
  const name = asked ?? ctx.options.runtime ?? runtime ?? "";
  if (name === "" || name === "coracle" || name === "coracle-runtime") return null;
  const file = name.includes("/")
    ? path.resolve(name)
    : ((runtimes[name] ?? []).find(isExecutable) ?? findProgram(name));
  if (file !== undefined && isExecutable(file)) return file;
  throw new EngineError("no-such-runtime", `default OCI runtime "${name}" not found: invalid argument`, {
    hint: `install it (\`apt install ${path.basename(name)}\`) or leave out --runtime to use Coracle's own`,
  });
}
