import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { execInContainer } from "./exec.ts";

/** Runs a command in a running container, as its own user, and returns what it wrote. */
export async function execOutput(
  ctx: Context,
  nameOrId: string,
  command: string[],
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const staging = createStaging(ctx, "output");
  const files = { stdout: path.join(staging.path, "stdout"), stderr: path.join(staging.path, "stderr") };
  const output = { stdout: fs.openSync(files.stdout, "w"), stderr: fs.openSync(files.stderr, "w") };
  try {
    const { exitCode } = await execInContainer(ctx, nameOrId, {
      command,
      env: {},
      user: "",
      workdir: "",
      terminal: false,
      interactive: false,
      privileged: false,
      detach: false,
      tracked: true,
      attach: ["stdout", "stderr"],
      detachKeys: "",
      output,
    });
    const read = (file: string) => fs.readFileSync(file, "utf8");
    return { exitCode: exitCode ?? 0, stdout: read(files.stdout), stderr: read(files.stderr) };
  } finally {
    fs.closeSync(output.stdout);
    fs.closeSync(output.stderr);
    await staging.remove();
  }
}
