/** What is wrong with a text that isn't JSON, in Go's words where they can be had without a parser. */
export function jsonFault(text: string): string {
  const [first] = text.trimStart();
  if (first === undefined || isCutOff(text)) return "unexpected end of JSON input";
  return /[{["\dtfn-]/.test(first)
    ? "not JSON"
    : `invalid character '${first}' looking for beginning of value`;
}

/** Whether something that begins in it doesn't end. */
function isCutOff(text: string): boolean {
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/gs, "");
  const count = (pattern: RegExp) => (bare.match(pattern) ?? []).length;
  return bare.includes('"') || count(/[{[]/g) > count(/[}\]]/g);
}
