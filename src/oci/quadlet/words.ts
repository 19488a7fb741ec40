/** Words of systemd's unit files (systemd.syntax(7)): split, unquoted, and put together again. */

const ESCAPES: Record<string, string> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  s: " ",
  t: "\t",
  v: "\v",
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs;

/** `escapes: false` leaves backslashes alone, as lists of names do. What is no escape stays as it is. */
export function splitWords(text: string, { escapes }: { escapes: boolean }): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:\\.|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s"'\\]|\\$)+/gs)) {
    words.push(unquote(word, escapes));
  }
  return words;
}

function unquote(word: string, escapes: boolean): string {
  let text = "";
  for (const [part, double, single] of word.matchAll(
    /"((?:\\.|[^"\\])*)"?|'((?:\\.|[^'\\])*)'?|(?:\\.|[^"'\\]|\\$)+/gs,
  )) {
    const inner = double ?? single ?? part;
    text += escapes ? unescaped(inner) : inner;
  }
  return text;
}

function unescaped(text: string): string {
  return text.replace(ESCAPE, (all, hex, short, long, octal, char) => {
    const code = hex ?? short ?? long;
    if (code) {
      const point = Number.parseInt(code, 16);
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : all;
    }
    if (octal) return String.fromCharCode(Number.parseInt(octal, 8));
    return ESCAPES[char] ?? (/["'\\]/.test(char) ? char : all);
  });
}

/** The first escape in a text that isn't one. */
export function unknownEscape(text: string): string | undefined {
  for (const [all, ...groups] of text.matchAll(ESCAPE)) {
    const char = groups.at(-1);
    if (char !== undefined && !ESCAPES[char] && !/["'\\]/.test(char)) return all;
  }
  return undefined;
}

const NAMES = Object.fromEntries(Object.entries(ESCAPES).map(([name, char]) => [char, name]));

/** A command line as `ExecStart=` takes it. `$` and `%` stay: the variables and specifiers are systemd's. */
export function joinWords(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

function quoted(word: string): string {
  if (word !== "" && word !== ";" && !/[\s"'\\\x00-\x1f\x7f]/.test(word)) return word;
  const escaped = word.replace(/["\\]|[\x00-\x1f\x7f]/g, (char) => {
    if (char === '"' || char === "\\") return `\\${char}`;
    const name = NAMES[char];
    return name ? `\\${name}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}
