/** A truth value in the spellings that Go's strconv.ParseBool takes; undefined for any other text. */
export function goBool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}
