import { childProcess } from "./native.ts";

/** Runs a program of the host to its end with its output captured. `status` null: it could not be run or was killed. */
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
