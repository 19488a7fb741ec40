import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { isCorrupt, listDirectory } from "../../host/files.ts";
import { isAlive } from "../../host/process.ts";
import { damagedNetworks, dropDamagedNetwork } from "../../network/networks.ts";
import {
  containerDirectory,
  containersDirectory,
  isComplete,
  linkTarget,
  readRecord,
  restoreName,
} from "../../runtime/records.ts";
import { checkImages, dropDamagedImage } from "../../storage/check.ts";
import { readImageIndex } from "../../storage/image-index.ts";
import { hasLayer } from "../../storage/layers.ts";
import { listSecrets } from "../../storage/secrets.ts";
import { damagedVolumes, renewVolumeRecord } from "../../storage/volumes.ts";
import { sweep } from "../container/heal.ts";
import { removeContainer } from "../container/rm.ts";

export interface Damage {
  kind: "container" | "image" | "name" | "network" | "volume" | "index";
  id: string;
  what: string;
  outcome: "nothing" | "removed" | "repaired";
}

interface Found extends Omit<Damage, "outcome"> {
  /** What becomes of it, and whether other containers or images go with it. */
  repair: () => Promise<void> | void;
  repaired?: true;
  costly?: true;
}

/**
 * Looks at every object of the store. What killed commands left is cleared on the way, as by every command; damage that
 * needs a decision is listed, and with `repair` the damaged objects are removed: what costs nothing but images, or
 * containers as well.
 */
export async function systemCheck(
  ctx: Context,
  options: { quick: boolean; repair: "nothing" | "images" | "all" },
): Promise<Damage[]> {
  const result: Damage[] = [];
  const settle = async (found: readonly Found[]) => {
    for (const { repair, repaired, costly, ...damage } of found) {
      const wanted = options.repair === "all" || (options.repair === "images" && !costly);
      if (wanted) await repair();
      result.push({ ...damage, outcome: wanted ? (repaired ? "repaired" : "removed") : "nothing" });
    }
  };
  await settle(indexDamage(ctx));
  // Without its index nothing is known of the images: what goes by it would take all of them for leftovers.
  const hasIndex = indexDamage(ctx).length === 0;
  if (hasIndex) await sweep(ctx);
  await settle([
    ...danglingNames(ctx),
    ...containerDamage(ctx),
    ...(hasIndex ? imageDamage(ctx, options.quick) : []),
    ...damagedNetworks(ctx).map(
      ({ id, what }): Found => ({ kind: "network", id, what, repair: () => dropDamagedNetwork(ctx, id) }),
    ),
    ...damagedVolumes(ctx).map(
      ({ id, what }): Found => ({
        kind: "volume",
        id,
        what,
        repair: () => renewVolumeRecord(ctx, id),
        repaired: true,
      }),
    ),
  ]);
  return result;
}

/** Files that name all objects of a kind. They are put aside, as somebody might still read something in them. */
function indexDamage(ctx: Context): Found[] {
  const indexes: Record<string, (ctx: Context) => unknown> = {
    "images.json": readImageIndex,
    "secrets/secrets.json": listSecrets,
  };
  return Object.entries(indexes).flatMap(([id, read]): Found[] => {
    const file = path.join(ctx.graphRoot, id);
    try {
      read(ctx);
      return [];
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      const repair = () => fs.renameSync(file, `${file}.damaged`);
      return [{ kind: "index", id, what: (error as Error).message, repair, costly: true }];
    }
  });
}

function containerDamage(ctx: Context): Found[] {
  const found: Found[] = [];
  for (const id of listDirectory(containersDirectory(ctx))) {
    const remove = () => removeContainer(ctx, id, { force: true, ignore: true }).then(() => undefined);
    const damage = (what: string) =>
      found.push({ kind: "container", id, what, repair: remove, costly: true });
    try {
      const record = readRecord(ctx, id);
      if (!record) damage("record.json is missing");
      else {
        const missing = record.layers.filter((key) => !hasLayer(ctx, `sha256:${key}`));
        if (missing[0]) damage(`layer ${missing[0]} of its image is missing`);
        if (isComplete(ctx, record) || isAlive(record.creator)) continue;
        const what = `its name ${record.name} doesn't stand for it`;
        found.push({ kind: "container", id, what, repair: () => restoreName(ctx, record), repaired: true });
      }
    } catch (error) {
      damage((error as Error).message);
    }
  }
  return found;
}

function imageDamage(ctx: Context, quick: boolean): Found[] {
  return checkImages(ctx, { quick }).map(({ id, what }) => ({
    kind: "image",
    id,
    what,
    repair: () => dropDamagedImage(ctx, id),
  }));
}

function danglingNames(ctx: Context): Found[] {
  const names = path.join(ctx.graphRoot, "names");
  return listDirectory(names).flatMap((name) => {
    const file = path.join(names, name);
    const target = linkTarget(file);
    if (target !== undefined && fs.existsSync(containerDirectory(ctx, target))) return [];
    const what = target === undefined ? "is no link" : "stands for a container that doesn't exist";
    return [
      { kind: "name", id: name, what, repair: () => fs.rmSync(file, { recursive: true, force: true }) },
    ];
  });
}
