import type { ChildProcess, SpawnOptions } from "node:child_process";
import * as path from "node:path";
import { EngineError, remedyOf } from "../errors.ts";
import type { Context } from "./context.ts";

export type { ChildProcess, StdioOptions } from "node:child_process";

export type NativeProgram = "coracle" | "coracle-runtime" | "coracle-monitor" | "coracle-layer";

/** Loaded when a process is started, which commands that only read don't do. */
export const childProcess = () => process.getBuiltinModule("node:child_process");

export function nativePath(ctx: Context, program: NativeProgram): string {
  return path.join(ctx.binDir, program);
}

/** Starts one of the native programs; the caller owns its stdio. */
export function spawnNative(
  ctx: Context,
  program: NativeProgram,
  args: string[],
  options: SpawnOptions = {},
): ChildProcess {
  return childProcess().spawn(nativePath(ctx, program), args, options);
}

/** Runs a native program to its end. Returns stdout; its JSON error on stderr becomes an EngineError. */
export function runNative(
  ctx: Context,
  program: NativeProgram,
  args: string[],
  options: { input?: Uint8Array | string; stdin?: number } = {},
): Buffer {
  const result = childProcess().spawnSync(nativePath(ctx, program), args, {
    ...(options.input === undefined ? {} : { input: options.input }),
    stdio: [options.stdin ?? (options.input === undefined ? "ignore" : "pipe"), "pipe", "pipe"],
    maxBuffer: 64 << 20,
  });
  if (result.error) {
    throw new EngineError(
      "native-missing",
      `cannot run ${nativePath(ctx, program)}: ${result.error.message}`,
      {
        hint: remedyOf(result.error) ?? "build it with `npm run build`",
        cause: result.error,
      },
    );
  }
  if (result.status !== 0) throw nativeError(program, result.status, result.signal, result.stderr.toString());
  return result.stdout;
}

/** The error a native program printed (`{"code","message"}` on its last line of stderr), as an EngineError. */
export function nativeError(
  program: string,
  status: number | null,
  signal: NodeJS.Signals | null,
  stderr: string,
): EngineError {
  const line = stderr.trim().split("\n").at(-1) ?? "";
  try {
    const parsed = JSON.parse(line) as { code?: unknown; message?: unknown };
    if (typeof parsed.code === "string" && typeof parsed.message === "string") {
      return new EngineError(parsed.code, parsed.message, {
        hint: parsed.code === "disk-full" ? "free space on the file system of the store" : undefined,
      });
    }
  } catch {
    // not JSON: it died before it could say more
  }
  const how = signal ? `was killed by ${signal}` : `failed with exit code ${status}`;
  return new EngineError("native-failed", line ? `${program} ${how}: ${line}` : `${program} ${how}`);
}
