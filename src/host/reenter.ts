import { type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { EngineError } from "../errors.ts";
import type { Context } from "./context.ts";
import { nativePath } from "./native.ts";

/** Runs the command again inside the user's namespaces (native/PROTOCOL.md §1), on our stdio. Returns its exit code. */
export async function runAgainInside(ctx: Context, argv: readonly string[]): Promise<number> {
  if (process.env.CORACLE_ENTER) {
    throw new EngineError("no-namespace", "the launcher was asked to enter the user namespace and did not");
  }
  const launcher = nativePath(ctx, "coracle");
  try {
    const { code, signal } = await runHere(launcher, argv, { env: { ...process.env, CORACLE_ENTER: "1" } });
    return code ?? 128 + (signal ? constants.signals[signal] : 0);
  } catch (cause) {
    throw new EngineError("native-missing", `cannot run ${launcher}: ${(cause as Error).message}`, { cause });
  }
}

/** Runs a program on our stdio to its end; signals that we get are for it. `descriptors` become its 3, 4, … */
export function runHere(
  program: string,
  args: readonly string[],
  { env, descriptors = [] }: { env: Record<string, string | undefined>; descriptors?: number[] },
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    const stdio: StdioOptions = ["inherit", "inherit", "inherit", ...descriptors];
    const child = spawn(program, args, { stdio, env });
    // What a terminal sends reaches the whole process group: we only have to survive it.
    for (const signal of ["SIGINT", "SIGQUIT"] as const) process.on(signal, () => {});
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}
