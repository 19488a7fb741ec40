import type { HistoryEntry, ImageConfig } from "./image.ts";

/**
 * Whether one image was built from another by one step: it has its layers and at most one more, and its history and one
 * entry more. Images don't name their parents; this is how Podman finds them.
 */
export function isParentOf(parent: ImageConfig, child: ImageConfig): boolean {
  const [above, below] = [parent.rootfs.diff_ids, child.rootfs.diff_ids];
  if (below.length - above.length > 1 || !above.every((diffID, i) => below[i] === diffID)) return false;
  const [old, all] = [parent.history ?? [], child.history ?? []];
  return all.length === old.length + 1 && old.every((entry, i) => sameStep(entry, all[i] as HistoryEntry));
}

function sameStep(a: HistoryEntry, b: HistoryEntry): boolean {
  return (
    timeOf(a) === timeOf(b) &&
    (a.created_by ?? "") === (b.created_by ?? "") &&
    (a.author ?? "") === (b.author ?? "") &&
    (a.comment ?? "") === (b.comment ?? "") &&
    Boolean(a.empty_layer) === Boolean(b.empty_layer)
  );
}

function timeOf({ created }: HistoryEntry): number | undefined {
  return created === undefined ? undefined : Date.parse(created);
}
