/** What lies below the root of a process or a mount, seen as a process with that root sees it. */
import * as fs from "node:fs";
import { EngineError, isErrno } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { runNative } from "../../host/spawn.ts";

/** A container can be entered only from the user namespace that it was started from. */
export function refuseForeign(initPid: number): void {
  try {
    fs.readlinkSync(`/proc/${initPid}/ns/user`);
  } catch (error) {
    if (!isErrno(error, "EACCES", "EPERM")) return; // it has ended: others tell
    throw new EngineError(
      "foreign-container",
      "the container was started with another run directory: from here it can't be entered",
      {
        hint: "set XDG_RUNTIME_DIR to what it was when the container was started, or start it again",
        cause: error,
      },
    );
  }
}

/** A small file below `root`, as a process with that root would see it; "" where there is none. */
export function readInRoot(ctx: Context, root: string, file: string): string {
  try {
    return runNative(ctx, "coracle-layer", ["cat", "--root", root, "--path", file]).toString();
  } catch (error) {
    if (error instanceof EngineError && error.code === "not-found") return "";
    throw error;
  }
}

/** What is at a path below `root`, as a process with that root finds it; undefined where there is nothing. */
export function statInRoot(
  ctx: Context,
  root: string,
  file: string,
): { type: string; uid: number; gid: number; mode: number } | undefined {
  const args = ["stat", "--root", root, "--path", file, "--follow"];
  const found = JSON.parse(runNative(ctx, "coracle-layer", args).toString());
  return found.exists ? found : undefined;
}
