import * as fs from "node:fs";
import type { Context } from "../../host/context.ts";
import { moveToTrash, removeTrees, stagingDirectory } from "../../host/staging.ts";
import { runDirectories } from "../../runtime/places.ts";
import { listIds } from "../../runtime/records.ts";
import { removeContainer } from "../container/rm.ts";
import { forEach } from "../container/select.ts";

/** Stops and removes all containers, then removes images, volumes and everything else of this store. */
export async function systemReset(ctx: Context): Promise<void> {
  const results = await forEach(listIds(ctx), (id) =>
    removeContainer(ctx, id, { force: true, ignore: true, timeout: 0, volumes: true }),
  );
  // What runs on must not lose the ground under its feet.
  for (const result of results) if (result.status === "rejected") throw result.reason;
  const trash: string[] = [];
  if (fs.existsSync(ctx.graphRoot)) {
    for (const name of inOrder(fs.readdirSync(ctx.graphRoot))) {
      const moved = moveToTrash(ctx, `${ctx.graphRoot}/${name}`);
      if (moved !== undefined) trash.push(moved);
    }
  }
  await removeTrees(ctx, trash);
  fs.rmSync(stagingDirectory(ctx), { recursive: true, force: true });
  fs.rmSync(runDirectories(ctx), { recursive: true, force: true });
}

/** What is named in an index must not lose its parts before its name, should we be killed. */
export function inOrder(names: readonly string[]): string[] {
  const isIndex = (name: string) => name.endsWith(".json");
  const others = names.filter((name) => name !== "staging" && !isIndex(name));
  return [...names.filter(isIndex), ...others];
}
