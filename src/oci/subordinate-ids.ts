/** The first of 65536 ids after all that /etc/subuid or /etc/subgid grants to anybody (subuid(5)). */
export function firstFreeRange(...files: string[]): { start: number; end: number } {
  const ends = files
    .flatMap((text) => text.split("\n"))
    .map((line) => /^[^:]+:(\d+):(\d+)$/.exec(line.trim()))
    .map((match) => (match ? Number(match[1]) + Number(match[2]) : 0));
  const start = Math.max(100000, ...ends);
  return { start, end: start + 65535 };
}
