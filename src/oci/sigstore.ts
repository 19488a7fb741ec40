import type { KeyObject } from "node:crypto";
import { type FullReference, formatReference, parseReference, repositoryName } from "./reference.ts";

/** Signatures as cosign makes them, and what containers-policy.json(5) may ask of one (`sigstoreSigned`). */

export interface SigstoreSignature {
  /** What was signed: JSON that says which image and by which name. */
  payload: Uint8Array;
  signature: Uint8Array;
}

export const sigstoreMediaType = "application/vnd.dev.cosign.simplesigning.v1+json";
export const signatureAnnotation = "dev.cosignproject.cosign/signature";

/** The tag under which a repository has the signatures of a manifest. */
export function signatureTag(digest: string): string {
  return `${digest.replace(":", "-")}.sig`;
}

export interface SignedImage {
  /** The name by which it was asked for. */
  reference: FullReference;
  /** Of the manifest. */
  digest: string;
}

export interface SigstoreRequirement {
  /** Files with keys, and keys; any of them may have signed. */
  keyPaths: readonly string[];
  keyData: readonly Buffer[];
  identity: IdentityMatch;
}

type IdentityMatch = (signed: string, image: SignedImage) => boolean;

const keySources = ["keyPath", "keyPaths", "keyData", "keyDatas", "fulcio", "pki"] as const;

/** Throws plain errors that say what is wrong with it. */
export function parseSigstoreRequirement(value: Record<string, unknown>): SigstoreRequirement {
  const given = keySources.filter((name) => value[name] !== undefined);
  if (given.length !== 1)
    throw new Error(`exactly one of ${keySources.slice(0, -1).join(", ")}, and pki must be specified`);
  for (const key of Object.keys(value)) {
    if (key === "fulcio" || key === "pki" || key.startsWith("rekor"))
      throw new Error(`sigstoreSigned with ${key} is not supported yet; use keyPath or keyData`);
  }
  return {
    keyPaths: texts(value, "keyPath", "keyPaths"),
    keyData: texts(value, "keyData", "keyDatas").map((text) => Buffer.from(text, "base64")),
    identity: parseIdentity(value["signedIdentity"] ?? { type: "matchRepoDigestOrExact" }),
  };
}

function texts(value: Record<string, unknown>, one: string, several: string): string[] {
  const list = value[several] ?? (value[one] === undefined ? [] : [value[one]]);
  if (Array.isArray(list) && list.every((item) => typeof item === "string" && item !== "")) return list;
  throw new Error(`${value[several] === undefined ? one : several} is not what it should be`);
}

/** What the name in a signature must have to do with the image's. */
function parseIdentity(value: unknown): IdentityMatch {
  const identity = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const text = (key: string): string => {
    const found = identity[key];
    if (typeof found === "string" && found !== "") return found;
    throw new Error(`signedIdentity has no ${key}`);
  };
  const only = (...keys: string[]) => {
    const unknown = Object.keys(identity).find((key) => key !== "type" && !keys.includes(key));
    if (unknown !== undefined) throw new Error(`Unknown key ${JSON.stringify(unknown)}`);
  };
  switch (identity["type"]) {
    case "matchExact":
      only();
      return (signed, { reference }) => isSame(signed, nameOf(reference), true);
    case "matchRepoDigestOrExact":
      only();
      return (signed, { reference }) => isSame(signed, nameOf(reference), reference.digest === undefined);
    case "matchRepository":
      only();
      return (signed, { reference }) => isSame(signed, nameOf(reference), false);
    case "exactReference": {
      only("dockerReference");
      const wanted = text("dockerReference");
      return (signed) => isSame(signed, wanted, true);
    }
    case "exactRepository": {
      only("dockerRepository");
      const wanted = text("dockerRepository");
      return (signed) => isSame(signed, wanted, false);
    }
    case "remapIdentity": {
      only("prefix", "signedPrefix");
      const [prefix, signedPrefix] = [text("prefix"), text("signedPrefix")];
      return (signed, { reference }) => {
        const name = nameOf(reference);
        const remapped = isPrefix(name, prefix) ? signedPrefix + name.slice(prefix.length) : name;
        return isSame(signed, remapped, reference.digest === undefined);
      };
    }
    default:
      throw new Error(`Unknown policy reference match type ${JSON.stringify(identity["type"])}`);
  }
}

const nameOf = (reference: FullReference): string => formatReference(reference);

function isPrefix(name: string, prefix: string): boolean {
  return (
    name.startsWith(prefix) &&
    (name.length === prefix.length || ":/@".includes(name[prefix.length] as string))
  );
}

/** Whether they are the same, with tag or (`exact` false) without. Names are full, with a registry. */
function isSame(signed: string, wanted: string, exact: boolean): boolean {
  try {
    const [a, b] = [parseReference(signed), parseReference(wanted)];
    if (repositoryName(a) !== repositoryName(b)) return false;
    if (!exact) return true;
    return (a.tag ?? a.digest) !== undefined && formatReference(a) === formatReference(b);
  } catch {
    return false;
  }
}

/** Why a signature doesn't count for an image; undefined where it does. `keys` are PEM. */
export function refusalOf(
  { payload, signature }: SigstoreSignature,
  keys: readonly KeyObject[],
  identity: IdentityMatch,
  image: SignedImage,
): string | undefined {
  const { verify } = process.getBuiltinModule("node:crypto");
  const isSigned = keys.some((key) => {
    try {
      return verify(key.asymmetricKeyType === "ed25519" ? null : "sha256", payload, key, signature);
    } catch {
      return false;
    }
  });
  if (!isSigned) return "cryptographic signature verification failed: invalid signature";
  const claims = parsePayload(payload);
  if (claims === undefined) return "the signed payload is not a cosign container image signature";
  if (claims.digest !== image.digest)
    return `the signature is for ${claims.digest}, and the image has digest ${image.digest}`;
  if (!identity(claims.reference, image))
    return `Signature for identity ${JSON.stringify(claims.reference)} is not accepted`;
  return undefined;
}

export function parsePublicKey(pem: string | Buffer): KeyObject {
  const key = process.getBuiltinModule("node:crypto").createPublicKey(pem);
  if (["ec", "rsa", "ed25519"].includes(key.asymmetricKeyType ?? "")) return key;
  throw new Error(`unsupported kind of key ${key.asymmetricKeyType}`);
}

/** Strictly: nothing may stand there that we don't understand, but in `optional`. */
function parsePayload(payload: Uint8Array): { digest: string; reference: string } | undefined {
  try {
    const document = fields(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)), [
      "critical",
      "optional",
    ]);
    const critical = fields(document["critical"], ["type", "image", "identity"]);
    const digest = fields(critical["image"], ["docker-manifest-digest"])["docker-manifest-digest"];
    const reference = fields(critical["identity"], ["docker-reference"])["docker-reference"];
    if (critical["type"] !== "cosign container image signature") return undefined;
    return typeof digest === "string" && typeof reference === "string" ? { digest, reference } : undefined;
  } catch {
    return undefined;
  }
}

function fields(value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("not an object");
  if (Object.keys(value).some((key) => !known.includes(key))) throw new Error("unknown key");
  return value as Record<string, unknown>;
}
