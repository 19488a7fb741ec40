import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { runLayerTool } from "../../host/layer-tool.ts";
import { type Change, layerChanges, type TreeEntry, treeChanges } from "../../oci/changes.ts";
import { digestHex } from "../../oci/digest.ts";
import { containerDirectory, findId, readRecord } from "../../runtime/records.ts";
import { findImage } from "../../storage/images.ts";
import { diffDirectory } from "../../storage/layers.ts";
import { rootfsPath } from "../container/rootfs.ts";
import { lowerDirectories } from "../container/rootfs-mount.ts";

/** What a name may stand for. */
export type DiffKind = "container" | "image" | "all";

/** A file system tree as its layers, topmost first. */
interface Layers {
  all: string[];
  /** Whether the topmost says by itself what it changes of those below. */
  overlay: boolean;
  /** Those below that belong to the image itself. */
  base: string[];
}

/** What an object has changed of the layers below it, or of another object. */
export async function diffObjects(
  ctx: Context,
  kind: DiffKind,
  name: string,
  other: string | undefined,
): Promise<Change[]> {
  const tree = findLayers(ctx, kind, name);
  const from = other === undefined ? undefined : findLayers(ctx, kind, other);
  if (tree.overlay && (!from || isSame(from.all, tree.base))) {
    const [top, ...below] = tree.all;
    const [layer, earlier] = await Promise.all([list(ctx, top ? [top] : []), list(ctx, below)]);
    return layerChanges(layer, earlier);
  }
  const [now, before] = await Promise.all([list(ctx, tree.all), list(ctx, from?.all ?? tree.base)]);
  return treeChanges(now, before);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** An image comes before a container of the same name, as in Podman. */
function findLayers(ctx: Context, kind: DiffKind, name: string): Layers {
  const found =
    (kind === "container" ? undefined : imageLayers(ctx, name)) ??
    (kind === "image" ? undefined : containerLayers(ctx, name));
  if (found) return found;
  const reason = {
    container: "container not known",
    image: `${name}: image not known`,
    all: "layer not known",
  };
  throw new EngineError("not-found", `${name} not found: ${reason[kind]}`, {
    hint: "`coracle ps -a` lists the containers, `coracle images` the images",
  });
}

function containerLayers(ctx: Context, name: string): Layers | undefined {
  const id = findId(ctx, name);
  const record = id === undefined ? undefined : readRecord(ctx, id);
  if (!record) return undefined;
  if (record.driver === "none") {
    throw new EngineError("no-layers", `container ${record.id} has a root filesystem of its own, not layers`);
  }
  const below = lowerDirectories(ctx, record);
  const overlay = record.driver !== "vfs";
  const top = overlay ? path.join(containerDirectory(ctx, record.id), "upper") : rootfsPath(ctx, record);
  const image = record.config.image && findImage(ctx, record.config.image.id);
  return {
    all: overlay ? [top, ...below] : [top],
    overlay,
    base: overlay && image ? ownLayers(ctx, image.config.rootfs.diff_ids) : below,
  };
}

function imageLayers(ctx: Context, name: string): Layers | undefined {
  const image = findImage(ctx, name);
  if (!image) return undefined;
  const all = ownLayers(ctx, image.config.rootfs.diff_ids);
  return { all, overlay: true, base: all.slice(1) };
}

function ownLayers(ctx: Context, diffIDs: readonly string[]): string[] {
  return diffIDs.map((diffID) => diffDirectory(ctx, digestHex(diffID))).reverse();
}

async function list(ctx: Context, layers: readonly string[]): Promise<TreeEntry[]> {
  if (layers.length === 0) return [];
  const output = await runLayerTool(ctx, ["list", ...layers]);
  return output
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as TreeEntry);
}
