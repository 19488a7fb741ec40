import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import { readPolicy } from "../../host/config/policy.ts";
import { type PolicyRequirement, type PolicySource, requirementsFor } from "../../oci/policy.ts";
import type { SignedImage, SigstoreRequirement, SigstoreSignature } from "../../oci/sigstore.ts";

/** An image with the signatures that there are of it. */
export interface Signed extends SignedImage {
  signatures: () => Promise<SigstoreSignature[]>;
}

/**
 * Refuses an image that policy.json doesn't let in. Without such a file everything comes in. What doesn't come from a
 * registry has no signatures.
 */
export async function checkPolicy(
  source: PolicySource,
  given: string | undefined,
  signed?: Signed,
): Promise<void> {
  const found = readPolicy(given);
  if (found === undefined) return;
  const hint = `${found.file} says so`;
  // All of them must hold.
  for (const requirement of requirementsFor(found.policy, source)) {
    const { type } = requirement;
    if (type === "insecureAcceptAnything") continue;
    if (type === "reject") throw rejected(`Running image ${source.name} is rejected by policy.`, hint);
    if (type !== "sigstoreSigned") {
      throw new EngineError(
        "not-supported",
        `Source image rejected: ${source.name} must be ${type}, which is not supported yet`,
        { hint },
      );
    }
    const refusal = await refusalBySignatures(requirement, signed);
    if (refusal !== undefined) throw rejected(refusal, hint);
  }
}

/** What leaves the store may, whatever the policy says, which is to be one all the same. */
export function checkStoragePolicy(given: string | undefined): void {
  if (given) readPolicy(given);
}

function rejected(reason: string, hint: string): EngineError {
  return new EngineError("rejected", `Source image rejected: ${reason}`, { hint });
}

async function refusalBySignatures(
  requirement: PolicyRequirement,
  signed: Signed | undefined,
): Promise<string | undefined> {
  // Loaded here: cryptography isn't needed by most.
  const { parseSigstoreRequirement, refusalOf } = await import("../../oci/sigstore.ts");
  let wanted: SigstoreRequirement;
  try {
    wanted = parseSigstoreRequirement(requirement);
  } catch (error) {
    throw new EngineError("bad-policy", `policy.json: ${reasonOf(error)}`, {
      hint: "see containers-policy.json(5)",
    });
  }
  const keys = await readKeys(wanted);
  const signatures = signed ? await signed.signatures() : [];
  if (signed === undefined || signatures.length === 0)
    return "A signature was required, but no signature exists";
  const refusals = signatures.map((signature) => refusalOf(signature, keys, wanted.identity, signed));
  if (refusals.some((refusal) => refusal === undefined)) return undefined;
  return refusals.length === 1
    ? refusals[0]
    : `None of the signatures were accepted, reasons: ${refusals.join("; ")}`;
}

async function readKeys({ keyPaths, keyData }: SigstoreRequirement) {
  const { parsePublicKey } = await import("../../oci/sigstore.ts");
  const read = (what: string, content: () => string | Buffer) => {
    try {
      return parsePublicKey(content());
    } catch (error) {
      throw new EngineError("bad-policy", `no public key in ${what}: ${reasonOf(error)}`, {
        hint: "policy.json wants PEM, as `cosign generate-key-pair` writes it",
        cause: error,
      });
    }
  };
  return [
    ...keyPaths.map((file) => read(file, () => fs.readFileSync(file))),
    ...keyData.map((pem) => read("keyData", () => pem)),
  ];
}
