import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { randomHex } from "../oci/hash.ts";
import type { ListInstance } from "../oci/manifest-list.ts";
import { removeUnneeded } from "./artifacts.ts";
import { listFiles } from "./image-files.ts";
import { changeImageIndex, type ListEntry, readImageIndex } from "./image-index.ts";
import { resolveEntry, unknownImage } from "./image-lookup.ts";
import { namedEntries, setNames } from "./image-names.ts";

/** Lists of images in the store. They are kept in images.json as a whole. */

export interface StoredList extends ListEntry {
  id: string;
}

export function findList(ctx: Context, nameOrId: string): StoredList | undefined {
  const index = readImageIndex(ctx);
  const id = resolveEntry(index, nameOrId)?.id;
  const entry = id === undefined ? undefined : index.lists?.[id];
  return entry && { id: id as string, ...entry };
}

export function getList(ctx: Context, nameOrId: string): StoredList {
  const list = findList(ctx, nameOrId);
  if (list) return list;
  const index = readImageIndex(ctx);
  const id = resolveEntry(index, nameOrId)?.id;
  const image = id === undefined ? undefined : index.images[id];
  if (!image) throw unknownImage(nameOrId);
  throw new EngineError("not-a-list", `${image.names[0] ?? id}: image is not a manifest list`, {
    hint: "`coracle manifest create` makes a list",
  });
}

/** Makes an empty list, whose name must be free. */
export async function createList(
  ctx: Context,
  name: string,
  annotations: Record<string, string>,
): Promise<string> {
  const id = randomHex(32);
  await changeImageIndex(ctx, (index) => {
    const taken = namedEntries(index).find(([, { names }]) => names.includes(name));
    if (taken) {
      throw new EngineError(
        "name-in-use",
        `creating image to hold manifest list: image name ${JSON.stringify(name)} is already associated with image ${JSON.stringify(taken[0])}: that name is already in use`,
        { hint: "`coracle manifest create --amend` goes on with a list that is there" },
      );
    }
    const entry: ListEntry = { names: [], nameHistory: [], created: new Date().toISOString(), instances: [] };
    if (Object.keys(annotations).length > 0) entry.annotations = annotations;
    index.lists = { ...index.lists, [id]: entry };
    setNames(index, id, [name]);
  });
  return id;
}

export async function changeInstances(
  ctx: Context,
  id: string,
  change: (instances: readonly ListInstance[]) => readonly ListInstance[],
): Promise<void> {
  let before: string[] = [];
  await changeList(ctx, id, (list) => {
    before = listFiles(ctx, list);
    list.instances = change(list.instances);
  });
  await removeUnneeded(ctx, before);
}

export async function changeList(ctx: Context, id: string, change: (list: ListEntry) => void): Promise<void> {
  await changeImageIndex(ctx, (index) => {
    const list = index.lists?.[id];
    if (!list) throw unknownImage(id);
    change(list);
  });
}

/** Returns what it was; undefined where it was gone already. */
export async function removeList(ctx: Context, id: string): Promise<ListEntry | undefined> {
  const removed = await changeImageIndex(ctx, (index) => {
    const list = index.lists?.[id];
    if (list) delete index.lists?.[id];
    return list;
  });
  if (removed) await removeUnneeded(ctx, listFiles(ctx, removed));
  return removed;
}
