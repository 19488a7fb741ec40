/** A regular expression that may be found anywhere in a text; one that can't be read is found nowhere. */
export function matcher(pattern: string): (text: string) => boolean {
  try {
    const expression = new RegExp(pattern);
    return (text) => expression.test(text);
  } catch {
    return () => false;
  }
}
