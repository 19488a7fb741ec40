import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import { type Policy, parsePolicy } from "../../oci/policy.ts";
import { candidates, firstExisting } from "./files.ts";

function readPolicyFile(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (cause) {
    throw new EngineError("bad-policy", `open ${file}: ${reasonOf(cause)}`, { cause });
  }
}

/** The policy of a file that is named, else the user's or the machine's; undefined where there is none. */
export function readPolicy(given?: string): { policy: Policy; file: string } | undefined {
  const file = given ?? firstExisting(candidates("policy.json"));
  if (file === undefined) return undefined;
  const text = readPolicyFile(file);
  try {
    return { policy: parsePolicy(text), file };
  } catch (error) {
    throw new EngineError(
      "bad-policy",
      `invalid policy in ${JSON.stringify(file)}: ${(error as Error).message}`,
      {
        hint: "see containers-policy.json(5)",
      },
    );
  }
}
