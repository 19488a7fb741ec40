import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { runLayerTool } from "../../host/layer-tool.ts";
import { spawnNative } from "../../host/spawn.ts";
import { getVolume } from "../../storage/volumes.ts";
import { withVolume } from "./mounted.ts";

/** Unpacks a tar archive (plain or compressed), "-" for stdin, over what the volume holds. */
export async function importVolume(ctx: Context, name: string, source: string): Promise<void> {
  const input = source === "-" ? 0 : openInput(source);
  try {
    await withVolume(ctx, getVolume(ctx, name), (directory) => unpack(ctx, input, directory));
  } finally {
    if (input !== 0) fs.closeSync(input);
  }
}

function openInput(file: string): number {
  try {
    return fs.openSync(file, "r");
  } catch (cause) {
    throw new EngineError("no-archive", `open ${file}: ${reasonOf(cause)}`, { cause });
  }
}

async function unpack(ctx: Context, input: number, directory: string): Promise<void> {
  const plain = spawnNative(ctx, "coracle-layer", ["decompress"], { stdio: [input, "pipe", "pipe"] });
  const failed = new Promise<string>((resolve) => {
    let stderr = "";
    plain.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk;
    });
    plain.once("close", (status) => resolve(status === 0 ? "" : stderr));
  });
  await runLayerTool(ctx, ["extract", "--root", directory, "--path", "/"], { stdin: plain.stdout ?? 0 });
  const complaint = await failed;
  if (complaint) throw new EngineError("corrupt-archive", `unpacking the archive: ${complaint.trim()}`);
}
