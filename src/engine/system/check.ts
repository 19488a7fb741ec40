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
  outcome: "nothing" | "removed" | "repaired" | "moved";
  /** Where it is, or would be, if it isn't thrown away. */
  aside?: string;
}

interface Found extends Omit<Damage, "outcome"> {
  /** What becomes of it (by default it is removed), and whether other containers or images go with it. */
  repair: () => Promise<void> | void;
  becomes?: "repaired" | "moved";
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
    for (const { repair, becomes = "removed", costly, ...damage } of found) {
      const wanted = options.repair === "all" || (options.repair === "images" && !costly);
      if (wanted) await repair();
      result.push({ ...damage, outcome: wanted ? becomes : "nothing" });
    }
  };
  await settle(indexDamage(ctx));
  // Without its index nothing is known of the images: what goes by it would take all of them for leftovers.
  const hasIndex = !indexDamage(ctx).some(({ id }) => id === "images.json");
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
        becomes: "repaired",
      }),
    ),
  ]);
  return result;
}

/**
 * What names all objects of a kind. It is put aside, as somebody might still read something in it; so are the contents of
 * secrets, since without their index the next command would take them for what killed ones left.
 */
function indexDamage(ctx: Context): Found[] {
  const indexes = [
    { id: "images.json", read: readImageIndex },
    { id: "secrets", read: listSecrets },
  ];
  return indexes.flatMap(({ id, read }): Found[] => {
    try {
      read(ctx);
      return [];
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      const file = path.join(ctx.graphRoot, id);
      const aside = nameAside(file);
      const repair = () => fs.renameSync(file, aside);
      const what = (error as Error).message;
      return [{ kind: "index", id, what, repair, becomes: "moved", aside, costly: true }];
    }
  });
}

/** What was put aside before is kept as well. */
function nameAside(file: string): string {
  let aside = `${file}.damaged`;
  for (let n = 2; fs.existsSync(aside); n++) aside = `${file}.damaged${n}`;
  return aside;
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
        found.push({
          kind: "container",
          id,
          what,
          repair: () => restoreName(ctx, record),
          becomes: "repaired",
        });
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
