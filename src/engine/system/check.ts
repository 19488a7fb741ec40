import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { listDirectory } from "../../host/files.ts";
import { containerDirectory, containersDirectory, readRecord } from "../../runtime/records.ts";
import { checkImages, dropDamagedImage, type ImageDamage } from "../../storage/check.ts";
import { hasLayer } from "../../storage/layers.ts";
import { sweep } from "../container/heal.ts";
import { removeContainer } from "../container/rm.ts";

export interface Damage {
  kind: "container" | "image" | "name";
  id: string;
  what: string;
  /** It has been removed. */
  removed: boolean;
}

type Found = Omit<Damage, "removed">;

/**
 * Looks at every object of the store. What killed commands left is cleared on the way, as by every command; damage that
 * needs a decision is listed, and with `repair` the damaged objects are removed: names and images, or containers as well.
 */
export async function systemCheck(
  ctx: Context,
  options: { quick: boolean; repair: "nothing" | "images" | "all" },
): Promise<Damage[]> {
  await sweep(ctx);
  const images = checkImages(ctx, { quick: options.quick });
  const found: Found[] = [
    ...containerDamage(ctx),
    ...images.map((image: ImageDamage): Found => ({ kind: "image", id: image.id, what: image.what })),
    ...danglingNames(ctx),
  ];
  const result: Damage[] = [];
  for (const damage of found) {
    const removed = options.repair !== "nothing" && (options.repair === "all" || damage.kind !== "container");
    if (removed) await repair(ctx, damage);
    result.push({ ...damage, removed });
  }
  return result;
}

function containerDamage(ctx: Context): Found[] {
  const found: Found[] = [];
  for (const id of listDirectory(containersDirectory(ctx))) {
    const damage = (what: string) => found.push({ kind: "container", id, what });
    try {
      const record = readRecord(ctx, id);
      if (!record) damage("record.json is missing");
      else {
        const missing = record.layers.filter((key) => !hasLayer(ctx, `sha256:${key}`));
        if (missing[0]) damage(`layer ${missing[0]} of its image is missing`);
      }
    } catch (error) {
      damage((error as Error).message);
    }
  }
  return found;
}

function danglingNames(ctx: Context): Found[] {
  const names = path.join(ctx.graphRoot, "names");
  return listDirectory(names).flatMap((name) => {
    const target = fs.readlinkSync(path.join(names, name));
    if (fs.existsSync(containerDirectory(ctx, target))) return [];
    return [{ kind: "name", id: name, what: "stands for a container that doesn't exist" } satisfies Found];
  });
}

async function repair(ctx: Context, damage: Found): Promise<void> {
  switch (damage.kind) {
    case "container":
      await removeContainer(ctx, damage.id, { force: true, ignore: true });
      break;
    case "image":
      await dropDamagedImage(ctx, damage.id);
      break;
    case "name":
      fs.rmSync(path.join(ctx.graphRoot, "names", damage.id), { force: true });
  }
}
