import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { runLayerTool } from "../../host/layer-tool.ts";
import { getVolume } from "../../storage/volumes.ts";
import { withVolume } from "./mounted.ts";

/** Writes a volume's contents as a tar archive to a file, or to stdout. */
export async function exportVolume(ctx: Context, name: string, output: string | undefined): Promise<void> {
  const target = output === undefined ? 1 : openOutput(output);
  try {
    await withVolume(ctx, getVolume(ctx, name), async (directory) => {
      await runLayerTool(ctx, ["archive", "--root", directory, "--path", "/", "--name", ""], {
        stdout: target,
      });
    });
  } finally {
    if (target !== 1) fs.closeSync(target);
  }
}

function openOutput(file: string): number {
  try {
    return fs.openSync(file, "w", 0o666);
  } catch (cause) {
    throw new EngineError(
      "write-failed",
      `unable to create target file path "${file}": open ${file}: ${reasonOf(cause)}`,
      { cause },
    );
  }
}
