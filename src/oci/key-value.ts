/**
 * `KEY=VALUE`, taken apart at the first `=`. What a text without one means is for each caller to say: it is an error, or the
 * value is empty (`[key, value = ""]`), or the key alone has a meaning of its own.
 */
export function keyAndValue(text: string): [key: string, value: string | undefined] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}
