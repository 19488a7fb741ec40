/**
 * Columns as Go's text/tabwriter lays them out with Podman's settings. A column is a run of lines that have a
 * tab-terminated cell at that place; the last cell of a line belongs to none.
 */

const minimumWidth = 12;
const padding = 2;

/** Aligns text whose cells end in tabs. */
export function alignTabs(text: string): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const widths: number[][] = lines.map(() => []);
  layOut(lines, widths, 0, lines.length, 0);
  return lines
    .map((cells, row) => cells.map((cell, column) => pad(cell, widths[row]?.[column])).join(""))
    .join("\n");
}

/** A header and rows, as `ps` and `images` print them; ends in a newline. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? "" : alignTabs(`${rows.map((row) => row.join("\t")).join("\n")}\n`);
}

function layOut(lines: string[][], widths: number[][], from: number, to: number, column: number): void {
  const hasCell = (row: number) => (lines[row] as string[]).length - 1 > column;
  for (let row = from; row < to; row++) {
    if (!hasCell(row)) continue;
    let end = row;
    let width = minimumWidth;
    for (; end < to && hasCell(end); end++) {
      width = Math.max(width, length(lines[end]?.[column] as string) + padding);
    }
    for (let each = row; each < end; each++) (widths[each] as number[])[column] = width;
    layOut(lines, widths, row, end, column + 1);
    row = end;
  }
}

function pad(cell: string, width: number | undefined): string {
  return width === undefined ? cell : cell + " ".repeat(Math.max(0, width - length(cell)));
}

/** In characters, as tabwriter counts. */
function length(text: string): number {
  return [...text].length;
}
