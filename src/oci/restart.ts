import type { RestartPolicy } from "./container.ts";
import { invalid } from "./invalid.ts";

const NAMES = ["no", "always", "on-failure", "unless-stopped"];

/** `always`, `on-failure:3`, …; empty and `never` are `no`. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const colon = text.indexOf(":");
  const given = colon < 0 ? text : text.slice(0, colon);
  const name = given === "" || given === "never" ? "no" : given;
  if (!NAMES.includes(name)) throw invalid(`"${name}" is not a valid restart policy: invalid argument`);
  if (colon < 0) return { name: name as RestartPolicy["name"], max: 0 };
  if (name !== "on-failure") {
    throw invalid("restart policy retries can only be specified with on-failure restart policy");
  }
  const retries = text.slice(colon + 1);
  if (!/^-?\d+$/.test(retries))
    throw invalid(`parsing restart policy retry count: "${retries}" is not a number`);
  if (!(Number(retries) >= 0 && Number.isSafeInteger(Number(retries)))) {
    throw invalid("must specify restart policy retry count as a number greater than 0");
  }
  return { name: "on-failure", max: Number(retries) };
}
