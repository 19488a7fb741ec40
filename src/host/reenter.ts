import { constants } from "node:os";
import { EngineError } from "../errors.ts";
import type { Context } from "./context.ts";
import { nativePath, runHere } from "./spawn.ts";

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
