import type { IdMapping } from "./runtime-spec.ts";

/** From `start` up to, but not with, `end`. */
export interface Range {
  start: number;
  end: number;
}

/** What is left of `ranges`, sorted. */
export function subtract(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  let left = [...ranges].sort((a, b) => a.start - b.start);
  for (const { start, end } of taken) {
    if (end <= start) continue;
    left = left.flatMap((range) =>
      [
        { start: range.start, end: Math.min(range.end, start) },
        { start: Math.max(range.start, end), end: range.end },
      ].filter((piece) => piece.end > piece.start),
    );
  }
  return left;
}

/** Maps the ids of `container` to those of `host`, one after the other, until one of them is used up. */
export function zip(container: readonly Range[], host: readonly Range[]): IdMapping[] {
  const result: IdMapping[] = [];
  const to = container.map((range) => ({ ...range }));
  const from = host.map((range) => ({ ...range }));
  while (to[0] && from[0]) {
    const size = Math.min(to[0].end - to[0].start, from[0].end - from[0].start);
    result.push({ containerID: to[0].start, hostID: from[0].start, size });
    to[0].start += size;
    from[0].start += size;
    if (to[0].start === to[0].end) to.shift();
    if (from[0].start === from[0].end) from.shift();
  }
  return result;
}

export function rangeSize(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}
