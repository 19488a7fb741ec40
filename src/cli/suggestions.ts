/** What may have been meant by a word that is no command, as cobra looks for it: slips count at the top only. */
export function suggestions(typed: string, names: readonly string[], slips: boolean): string[] {
  const word = typed.toLowerCase();
  return names.filter((name) => name.startsWith(word) || (slips && distance(word, name) <= farthest));
}

/** Changes of one letter that a slip may take. */
const farthest = 2;

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
