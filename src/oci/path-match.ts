/**
 * Go's path.Match as a predicate: `*` and `?` stand for anything within a path component, `[a-z]` and `[^a-z]` for one
 * character, a backslash for the character after it. Undefined for a malformed pattern.
 */
export function pathMatcher(pattern: string): ((text: string) => boolean) | undefined {
  let source = "";
  for (let rest = pattern; rest !== ""; ) {
    const token = /^(?:\*|\?|\[\^?(?:(?:\\.|[^\\\]-])(?:-(?:\\.|[^\\\]-]))?)+\]|\\.|[^[\\])/su.exec(
      rest,
    )?.[0];
    if (token === undefined) return undefined;
    rest = rest.slice(token.length);
    if (token === "*") source += "[^/]*";
    else if (token === "?") source += "[^/]";
    else if (token.length > 1 && token.startsWith("["))
      source += `[${token.slice(1).replace(/(?<!\\)\[/g, "\\[")}`;
    else source += token.replace(/^\\/, "").replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  }
  const expression = new RegExp(`^${source}$`, "s");
  return (text) => expression.test(text);
}
