/** Splits text into words as a shell does: blanks, quotes and backslashes; nothing is expanded. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  const add = (more: string) => {
    word = (word ?? "") + more;
  };
  for (const [, quoted, double, escaped, blank, plain] of text.matchAll(PIECES)) {
    if (quoted !== undefined) add(quoted);
    else if (double !== undefined) add(double.replace(/\\(["\\$`])/g, "$1"));
    else if (escaped !== undefined) add(escaped);
    else if (plain !== undefined) add(plain);
    else if (blank !== undefined && word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

const PIECES = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s+)|([^\s'"\\]+|['"\\])/gs;
