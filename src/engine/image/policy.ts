import { EngineError } from "../../errors.ts";
import { readPolicy } from "../../host/config/policy.ts";
import { type PolicySource, requirementsFor } from "../../oci/policy.ts";

/** Refuses an image that policy.json doesn't let in. Without such a file everything comes in. */
export function checkPolicy(source: PolicySource, given: string | undefined): void {
  const found = readPolicy(given);
  if (found === undefined) return;
  const hint = `${found.file} says so`;
  // All of them must hold.
  for (const { type } of requirementsFor(found.policy, source)) {
    if (type === "insecureAcceptAnything") continue;
    if (type === "reject") {
      const reason = `Running image ${source.name} is rejected by policy.`;
      throw new EngineError("rejected", `Source image rejected: ${reason}`, { hint });
    }
    throw new EngineError(
      "not-supported",
      `Source image rejected: ${source.name} must be ${type}, which is not supported yet`,
      { hint },
    );
  }
}
