import { jsonFault } from "./json-fault.ts";
import { type FullReference, formatReference, repositoryName } from "./reference.ts";

/** What containers-policy.json(5) says about images, and which of it counts for one. */

export interface PolicyRequirement {
  type: string;
  [key: string]: unknown;
}

export interface Policy {
  default: PolicyRequirement[];
  /** By transport and scope; the scope "" is the transport's own default. */
  transports: Record<string, Record<string, PolicyRequirement[]>>;
}

/** Keys of each requirement; what isn't known is refused, so that a slip of the pen doesn't let everything in. */
const keys: Record<string, readonly string[]> = {
  insecureAcceptAnything: [],
  reject: [],
  signedBy: ["keyType", "keyPath", "keyPaths", "keyData", "signedIdentity"],
  signedBaseLayer: ["baseLayerIdentity"],
  sigstoreSigned: [
    ...["keyPath", "keyPaths", "keyData", "keyDatas", "fulcio", "pki"],
    ...[
      "rekorPublicKeyPath",
      "rekorPublicKeyPaths",
      "rekorPublicKeyData",
      "rekorPublicKeyDatas",
      "signedIdentity",
    ],
  ],
};

/** Throws plain errors that say what is wrong with it. */
export function parsePolicy(text: string): Policy {
  const document = object(parseJson(text), "the policy");
  onlyKeys(document, ["default", "transports"]);
  if (document["default"] === undefined) throw new Error("Default policy is missing");
  const transports = Object.entries(object(document["transports"] ?? {}, "transports")).map(
    ([transport, scopes]) =>
      [
        transport,
        Object.fromEntries(
          Object.entries(object(scopes, transport)).map(([scope, list]) => [scope, requirements(list)]),
        ),
      ] as const,
  );
  return { default: requirements(document["default"]), transports: Object.fromEntries(transports) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(jsonFault(text));
  }
}

function requirements(value: unknown): PolicyRequirement[] {
  if (!Array.isArray(value)) throw new Error("A list of verification policy requirements is not an array");
  if (value.length === 0) throw new Error("List of verification policy requirements must not be empty");
  return value.map((item) => {
    const requirement = object(item, "a policy requirement");
    const { type } = requirement;
    const known = typeof type === "string" && Object.hasOwn(keys, type) ? keys[type] : undefined;
    if (known === undefined) throw new Error(`Unknown policy requirement type ${JSON.stringify(type ?? "")}`);
    onlyKeys(requirement, ["type", ...known]);
    if (type === "sigstoreSigned") checkSigstoreRequirement(requirement);
    if (type === "signedBy") checkSignedBy(requirement);
    return requirement as PolicyRequirement;
  });
}

/** Nobody here verifies it, but that it is as it should be is told first. */
function checkSignedBy({ keyType, ...value }: Record<string, unknown>): void {
  const sources = ["keyPath", "keyPaths", "keyData"];
  const present = sources.filter((name) => value[name] !== undefined);
  const rule = "exactly one of keyPath, keyPaths and keyData must be specified, ";
  if (present.length === 0) throw new Error(`${rule}none of them present`);
  if (present.length > 1) throw new Error(`${rule}more than one present`);
  const types = ["GPGKeys", "signedByGPGKeys", "X509Certificates", "signedByX509CAs"];
  if (typeof keyType !== "string" || !types.includes(keyType)) {
    throw new Error(`Unrecognized keyType value ${JSON.stringify(keyType ?? "")}`);
  }
}

/** What it asks for is for who verifies signatures (sigstore.ts); that it asks for one thing must be sure. */
function checkSigstoreRequirement(value: Record<string, unknown>): void {
  const sources = ["keyPath", "keyPaths", "keyData", "keyDatas", "fulcio", "pki"];
  if (sources.filter((name) => value[name] !== undefined).length !== 1)
    throw new Error("exactly one of keyPath, keyPaths, keyData, keyDatas, fulcio, and pki must be specified");
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Error(`${what} is not an object`);
}

function onlyKeys(value: Record<string, unknown>, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new Error(`Unknown key ${JSON.stringify(key)}`);
  }
}

/** Where an image comes from, as policies name it. */
export interface PolicySource {
  transport: string;
  /** From the narrowest to the widest. */
  scopes: readonly string[];
  /** In messages. */
  name: string;
}

export function requirementsFor(policy: Policy, { transport, scopes }: PolicySource): PolicyRequirement[] {
  const known = Object.hasOwn(policy.transports, transport) ? policy.transports[transport] : undefined;
  for (const scope of [...scopes, ""]) {
    if (known !== undefined && Object.hasOwn(known, scope)) return known[scope] as PolicyRequirement[];
  }
  return policy.default;
}

/** An image of a registry: its name, the repository, what that is in, the host, and the domains of that. */
export function registrySource(reference: FullReference): PolicySource {
  const scopes = [formatReference(reference)];
  const parts = repositoryName(reference).split("/");
  for (let length = parts.length; length > 0; length--) scopes.push(parts.slice(0, length).join("/"));
  const labels = reference.registry.replace(/:\d+$/, "").split(".");
  for (let i = 1; i < labels.length; i++) scopes.push(`*.${labels.slice(i).join(".")}`);
  return { transport: "docker", scopes, name: `docker://${formatReference(reference)}` };
}

/** An image of a file or directory, by its absolute path: that with the image's name, the path, and what it is in. */
export function pathSource(transport: string, path: string, image: string): PolicySource {
  const name = `${transport}:${path}${image === "" ? "" : `:${image}`}`;
  if (transport === "docker-archive") return { transport, scopes: [], name };
  const scopes = transport === "dir" ? [] : [`${path}:${image}`];
  for (let at = path; at !== "" && at !== "/"; at = at.slice(0, at.lastIndexOf("/"))) scopes.push(at);
  return { transport, scopes, name };
}
