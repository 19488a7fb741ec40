/** Records in the spelling of Go's encoding/csv, with its errors, as Podman's flags take them. */

/** The first record, which is all that a flag takes: `a,"b,c",d`. */
export function parseCsv(text: string): string[] {
  return csvRecords(text).next().value ?? [];
}

export function* csvRecords(source: string): Generator<string[], undefined> {
  const text = source.replaceAll("\r\n", "\n").replace(/\r$/, "");
  const fail = (at: number, what: string): never => {
    const start = text.lastIndexOf("\n", at - 1) + 1;
    const line = text.slice(0, start).split("\n").length;
    const column = new TextEncoder().encode(text.slice(start, at)).length + 1;
    throw new Error(`parse error on line ${line}, column ${column}: ${what}`);
  };
  let at = 0;
  const take = (pattern: RegExp): string[] => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? [""];
    at += match[0].length;
    return match;
  };
  const field = (): string => {
    if (text[at] !== '"') {
      const start = at;
      const [plain = ""] = take(/[^,\n]*/y);
      const quote = plain.indexOf('"');
      return quote < 0 ? plain : fail(start + quote, 'bare " in non-quoted-field');
    }
    const [, inner = "", end = ""] = take(/"((?:[^"]|"")*)("?)/y);
    const isClosed = end !== "" && (at === text.length || /[,\n]/.test(text[at] as string));
    if (!isClosed) fail(at - end.length, 'extraneous or missing " in quoted-field');
    return inner.replaceAll('""', '"');
  };
  while (at < text.length) {
    if (text[at] === "\n") {
      at++;
      continue;
    }
    const record = [field()];
    while (text[at++] === ",") record.push(field());
    yield record;
  }
}

/** Fields as one CSV record. */
export function joinCsv(fields: readonly string[]): string {
  return fields
    .map((field) => (/[",\r\n]|^\s/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",");
}
