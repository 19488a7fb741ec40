/*
 * How programs are started: any program of the host, and our own, whose errors come in a form of theirs. What we talk to while
 * it runs is started by `child.ts`, in the quickest way that there is.
 */
import type { ChildProcess, SpawnOptions, StdioOptions } from "node:child_process";
import * as path from "node:path";
import { EngineError, remedyOf } from "../errors.ts";
import type { Context } from "./context.ts";

/** Loaded when a process is started, which commands that only read don't do. */
export const childProcess = () => process.getBuiltinModule("node:child_process");

/** Runs a program to its end with its output captured. `status` null: it could not be run or was killed. */
export function runProgram(
  program: string,
  args: string[],
): { status: number | null; stdout: string; stderr: string } {
  const result = childProcess().spawnSync(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 << 20,
  });
  return {
    status: result.status,
    stdout: result.stdout?.toString() ?? "",
    stderr: result.error ? result.error.message : (result.stderr?.toString() ?? ""),
  };
}

/** Runs a program on our stdio to its end; signals that we get are for it. `descriptors` become its 3, 4, … */
export function runHere(
  program: string,
  args: readonly string[],
  { env, descriptors = [] }: { env: Record<string, string | undefined>; descriptors?: number[] },
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    const stdio: StdioOptions = ["inherit", "inherit", "inherit", ...descriptors];
    const child = childProcess().spawn(program, args, { stdio, env });
    // What a terminal sends reaches the whole process group: we only have to survive it.
    for (const signal of ["SIGINT", "SIGQUIT"] as const) process.on(signal, () => {});
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}

export type NativeProgram = "coracle" | "coracle-runtime" | "coracle-monitor" | "coracle-layer";

export function nativePath(ctx: Context, program: NativeProgram): string {
  return path.join(ctx.binDir, program);
}

/** Starts one of our programs; the caller owns its stdio. */
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
