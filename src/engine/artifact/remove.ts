import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import { getArtifact, listArtifacts, removeArtifact, type StoredArtifact } from "../../storage/artifacts.ts";
import { reapImageLeftovers } from "../image/reap.ts";

/** Removes artifacts, or all of them, up to one that isn't there; returns their digests. */
export async function removeArtifacts(
  ctx: Context,
  names: readonly string[],
  { all, ignore }: { all: boolean; ignore: boolean },
): Promise<string[]> {
  await reapImageLeftovers(ctx);
  // Marks the work: if we die half-way, the next command looks for what nothing names.
  const staging = createStaging(ctx, "image");
  try {
    const digests = [];
    for (const given of all ? listArtifacts(ctx).map(({ name }) => name) : names) {
      const found = find(ctx, given, ignore || all);
      if (!found) continue;
      await removeArtifact(ctx, found.name);
      digests.push(found.manifest);
    }
    return digests;
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
