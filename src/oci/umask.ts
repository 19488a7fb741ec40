import { invalid } from "./invalid.ts";

const DEFAULT_UMASK = "0022";

/** `--umask`: up to four octal digits. */
export function parseUmask(text: string): string {
  if (text === "") return DEFAULT_UMASK;
  if (!/^[0-7]{1,4}$/.test(text))
    throw invalid(`running container create option: invalid umask string ${text}: invalid argument`);
  return text.padStart(4, "0");
}
