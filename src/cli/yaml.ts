/** Plain data as YAML, laid out as Podman's `info` prints it: keys sorted. */
export function toYaml(value: object): string {
  return lines(value, 0).join("");
}

function lines(value: unknown, depth: number): string[] {
  const indent = "  ".repeat(depth);
  if (Array.isArray(value)) {
    return value.map((item) => {
      if (typeof item !== "object" || item === null) return `${indent}- ${scalar(item, depth + 1)}\n`;
      const inner = lines(item, depth + 1);
      return `${indent}- ${inner.join("").slice(indent.length + 2)}`;
    });
  }
  const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, item]) => {
    if (typeof item !== "object" || item === null) return `${indent}${key}: ${scalar(item, depth + 1)}\n`;
    if (Object.keys(item).length === 0) return `${indent}${key}: ${Array.isArray(item) ? "[]" : "{}"}\n`;
    return `${indent}${key}:\n${lines(item, Array.isArray(item) ? depth : depth + 1).join("")}`;
  });
}

/** Quoted where YAML would read something else than this text. */
function scalar(value: unknown, depth: number): string {
  if (typeof value !== "string") return String(value);
  if (value.includes("\n")) return `|-\n${value.replace(/^(?=.)/gm, "  ".repeat(depth))}`;
  if (value === "" || /^(true|false|null|yes|no|on|off|~|[-+.\d][\w.+-]*)$/i.test(value))
    return JSON.stringify(value);
  const plain = /^[A-Za-z/][\w./ ()@+,:=~-]*$/.test(value) && !/: |:$| #/.test(value);
  return plain ? value : `'${value.replaceAll("'", "''")}'`;
}
