import { spawn } from "node:child_process";
import { constants } from "node:os";
import { EngineError } from "../errors.ts";
import type { Context } from "./context.ts";
import { nativePath } from "./native.ts";

/** Runs the command again inside the user's namespaces (native/PROTOCOL.md §1), on our stdio. Returns its exit code. */
export function runAgainInside(ctx: Context, argv: readonly string[]): Promise<number> {
  if (process.env.CORACLE_ENTER) {
    throw new EngineError("no-namespace", "the launcher was asked to enter the user namespace and did not");
  }
  const launcher = nativePath(ctx, "coracle");
  return new Promise((resolve, reject) => {
    const child = spawn(launcher, argv, { stdio: "inherit", env: { ...process.env, CORACLE_ENTER: "1" } });
    // What a terminal sends reaches the whole process group: we only have to survive it.
    for (const signal of ["SIGINT", "SIGQUIT"] as const) process.on(signal, () => {});
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    child.on("error", (cause) => {
      reject(new EngineError("native-missing", `cannot run ${launcher}: ${cause.message}`, { cause }));
    });
    child.on("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
