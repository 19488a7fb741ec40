import { invalid } from "./invalid.ts";

export type PullPolicy = "always" | "missing" | "never" | "newer";

/** The value of --pull and --policy. */
export function parsePullPolicy(text: string): PullPolicy {
  switch (text.toLowerCase()) {
    case "always":
    case "true":
    case "1":
      return "always";
    case "":
    case "missing":
    case "ifnotpresent":
    case "false":
    case "0":
      return "missing";
    case "newer":
    case "ifnewer":
      return "newer";
    case "never":
      return "never";
    default:
      throw invalid(`unsupported pull policy "${text}"`, "use always, missing, newer or never");
  }
}
