import { invalid } from "./invalid.ts";

/** What the relay has room for. */
const MOST = 32;

/** Value of `--detach-keys`: characters, `ctrl-` with one of a-z @ [ \ ] ^ _, or DEL, and commas between; "" for none. */
export function checkDetachKeys(text: string): void {
  if (text === "") return;
  const keys = text.split(",");
  const unknown = keys.find((key) => !/^([\x01-\x7f]|ctrl-[a-z@[\\\]^_]|DEL)$/.test(key));
  if (unknown !== undefined) {
    const hint = "each is a character, ctrl- and one of a-z @ [ \\ ] ^ _, or DEL";
    throw invalid(`invalid detach keys: Unknown character: '${unknown}'`, hint);
  }
  if (keys.length > MOST) throw invalid(`invalid detach keys: more than ${MOST}`);
}
