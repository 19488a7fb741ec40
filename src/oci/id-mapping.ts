import { EngineError } from "../errors.ts";
import type { IdMapping } from "./runtime-spec.ts";

/**
 * Mappings of a container's own user namespace inside its parent, the user's shared one, in which 0 is the caller and
 * 1 … count-1 are the subordinate ids.
 */

/** The caller keeps its id: container `id` ↔ the caller (parent 0), the others ↔ subordinate ids in order. */
export function keepIdMapping(id: number, count: number): IdMapping[] {
  if (count <= id) {
    return single(id, count);
  }
  const mappings: IdMapping[] = [];
  if (id > 0) mappings.push({ containerID: 0, hostID: 1, size: id });
  mappings.push({ containerID: id, hostID: 0, size: 1 });
  if (count > id + 1) mappings.push({ containerID: id + 1, hostID: id + 1, size: count - id - 1 });
  return mappings;
}

/** Too few subordinate ids to fill the space below `id`: what there is starts at 0, and `id` stays the caller's. */
function single(id: number, count: number): IdMapping[] {
  const caller = { containerID: id, hostID: 0, size: 1 };
  return count > 1 ? [{ containerID: 0, hostID: 1, size: count - 1 }, caller] : [caller];
}

/** The caller is not mapped at all: 0 … ↔ subordinate ids. */
export function noMapMapping(count: number): IdMapping[] {
  if (count < 2) {
    throw new EngineError(
      "no-subordinate-ids",
      "--userns=nomap needs subordinate ids, and this user has none",
      {
        hint: "add a range for the user to /etc/subuid and /etc/subgid (usermod --add-subuids, --add-subgids)",
      },
    );
  }
  return [{ containerID: 0, hostID: 1, size: count - 1 }];
}

/** The same in pieces of which each lies in one of the parent's own: the kernel takes no others. */
export function inPieces(map: readonly IdMapping[], parent: readonly IdMapping[]): IdMapping[] {
  return map.flatMap(({ containerID, hostID, size }) => {
    const inside = parent
      .map((piece) => ({
        start: Math.max(hostID, piece.containerID),
        end: Math.min(hostID + size, piece.containerID + piece.size),
      }))
      .filter(({ start, end }) => start < end)
      .sort((a, b) => a.start - b.start);
    const isAll = inside.reduce((sum, { start, end }) => sum + end - start, 0) === size;
    // What isn't mapped is for the kernel to refuse.
    if (!isAll) return [{ containerID, hostID, size }];
    return inside.map(({ start, end }) => ({
      containerID: containerID + start - hostID,
      hostID: start,
      size: end - start,
    }));
  });
}

export function isMapped(mappings: readonly IdMapping[], id: number): boolean {
  return mappings.some((m) => id >= m.containerID && id < m.containerID + m.size);
}

/** The id outside of the namespace, or null where it has none. */
export function toParentId(mappings: readonly IdMapping[], id: number): number | null {
  const mapping = mappings.find((m) => id >= m.containerID && id < m.containerID + m.size);
  return mapping ? mapping.hostID + id - mapping.containerID : null;
}

/** The ranges that /etc/subuid or /etc/subgid gives a user, mapped from 0 on. */
export function namedRanges(text: string, name: string): IdMapping[] {
  const ranges: IdMapping[] = [];
  let next = 0;
  for (const line of text.split("\n")) {
    const [owner, start = "", count = ""] = line.trim().split(":");
    if (owner !== name || !/^\d+$/.test(start) || !/^\d+$/.test(count)) continue;
    ranges.push({ containerID: next, hostID: Number(start), size: Number(count) });
    next += Number(count);
  }
  return ranges;
}
