import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { getArtifact, listArtifacts, removeArtifact, type StoredArtifact } from "../../storage/artifacts.ts";
import { reapImageLeftovers } from "../image/reap.ts";

/** Removes artifacts, all of them where none is named; returns their digests. */
export async function removeArtifacts(
  ctx: Context,
  names: readonly string[],
  { all, ignore }: { all: boolean; ignore: boolean },
): Promise<string[]> {
  await reapImageLeftovers(ctx);
  // Marks the work: if we die half-way, the next command looks for what nothing names.
  const staging = createStaging(ctx, "image");
  try {
    const found = all ? listArtifacts(ctx) : names.flatMap((name) => find(ctx, name, ignore) ?? []);
    for (const { name } of found) await removeArtifact(ctx, name);
    return found.map(({ manifest }) => manifest);
  } finally {
    await staging.remove();
  }
}

function find(ctx: Context, name: string, ignore: boolean): StoredArtifact | undefined {
  try {
    return getArtifact(ctx, name);
  } catch (error) {
    if (ignore && error instanceof EngineError && error.code === "artifact-not-known") return undefined;
    throw error;
  }
}
