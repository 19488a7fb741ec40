/** Plain data as YAML, laid out as Podman's `info` prints it. */
export function toYaml(value: object): string {
  return lines(value, 0).join("");
}

function lines(value: unknown, depth: number): string[] {
  const indent = "  ".repeat(depth);
  if (Array.isArray(value)) {
    return value.map((item) => {
      if (typeof item !== "object" || item === null) return `${indent}- ${scalar(item)}\n`;
      const inner = lines(item, depth + 1);
      return `${indent}- ${inner.join("").slice(indent.length + 2)}`;
    });
  }
  return Object.entries(value as object).map(([key, item]) => {
    if (typeof item !== "object" || item === null) return `${indent}${key}: ${scalar(item)}\n`;
    if (Object.keys(item).length === 0) return `${indent}${key}: ${Array.isArray(item) ? "[]" : "{}"}\n`;
    return `${indent}${key}:\n${lines(item, Array.isArray(item) ? depth : depth + 1).join("")}`;
  });
}

function scalar(value: unknown): string {
  if (typeof value !== "string") return String(value);
  // What YAML would read as something else than this text is quoted.
  const plain =
    /^[A-Za-z/][\w./ ()@+,:=~-]*$/.test(value) && !/: |:$| #|^(true|false|null|yes|no|on|off)$/i.test(value);
  return plain ? value : JSON.stringify(value);
}
