import { EngineError } from "../errors.ts";
import { readLine } from "./prompt.ts";

/** Asks on stdout, reads one line of stdin; what begins with a y agrees. A line that isn't ended is none. */
export async function confirm(question: string): Promise<boolean> {
  const answer = readLine(question);
  if (answer === undefined) throw new EngineError("no-answer", "EOF", { hint: "--force asks nothing" });
  return /^y/i.test(answer);
}
