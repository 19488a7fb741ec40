/** Records in the spelling of Go's encoding/csv, with its errors, as Podman's flags take them. */

/** One CSV record: `a,"b,c",d`. */
export function parseCsv(text: string): string[] {
  if (text === "") return [];
  const fields: string[] = [];
  let position = 0;
  for (;;) {
    if (text[position] === '"') {
      let field = "";
      position++;
      for (;;) {
        const end = text.indexOf('"', position);
        if (end === -1) throw csvError(position, 'extraneous or missing " in quoted-field');
        field += text.slice(position, end);
        position = end + 1;
        if (text[position] !== '"') break;
        field += '"';
        position++;
      }
      if (position < text.length && text[position] !== ",") {
        throw csvError(position, 'extraneous or missing " in quoted-field');
      }
      fields.push(field);
    } else {
      const comma = text.indexOf(",", position);
      const end = comma === -1 ? text.length : comma;
      const field = text.slice(position, end);
      if (field.includes('"'))
        throw csvError(position + field.indexOf('"') + 1, 'bare " in non-quoted-field');
      fields.push(field);
      position = end;
    }
    if (position >= text.length) return fields;
    position++;
  }
}

function csvError(column: number, what: string): Error {
  return new Error(`parse error on line 1, column ${column + 1}: ${what}`);
}

/** Fields as one CSV record. */
export function joinCsv(fields: readonly string[]): string {
  return fields
    .map((field) => (/[",\r\n]|^\s/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",");
}
