import type { Policy, PolicyRequirement } from "./policy.ts";

/** A policy as `image trust show` lists it, and what `image trust set` changes of it. */

export interface TrustRow {
  transport: string;
  /** The scope in JSON, and in the table. */
  name: string;
  repository: string;
  type: string;
  ids: string;
  store: string;
}

/** `store` knows the place of signatures for a scope, and for "" the usual one. */
export function trustRows(policy: Policy, store: (scope: string) => string): TrustRow[] {
  const defaults = policy.default.map((requirement) => ({
    transport: "all",
    name: "* (default)",
    repository: "default",
    ...describe(requirement),
    store: "",
  }));
  const transports = Object.entries(policy.transports).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...defaults,
    ...transports.flatMap(([transport, scopes]) =>
      Object.entries(scopes)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([scope, requirements]) =>
          requirements.map((requirement) => ({
            transport: transport === "docker" ? "repository" : transport,
            name: scope,
            repository: scope,
            ...describe(requirement),
            store: transport === "docker" ? store(scope) : "",
          })),
        ),
    ),
  ];
}

const types: Record<string, string> = { insecureAcceptAnything: "accept", signedBy: "signed" };

function describe({ type }: PolicyRequirement): { type: string; ids: string } {
  return { type: types[type] ?? type, ids: type === "sigstoreSigned" ? "N/A" : "" };
}

const trustTypes = ["accept", "reject", "signedBy", "sigstoreSigned"] as const;

/** The policy with one entry made anew; `default` is the one for all that has none. Throws plain errors. */
export function withTrust(policy: Policy, scope: string, type: string, keys: readonly string[]): Policy {
  const requirements = requirementsOf(type, keys);
  if (scope === "default") return { ...policy, default: requirements };
  const docker = Object.entries({ ...policy.transports["docker"], [scope]: requirements });
  return {
    ...policy,
    transports: {
      ...policy.transports,
      docker: Object.fromEntries(docker.sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function requirementsOf(type: string, keys: readonly string[]): PolicyRequirement[] {
  switch (type) {
    case "accept":
    case "reject":
      if (keys.length > 0)
        throw new Error(`${keys.length} public keys unexpectedly provided for trust type ${type}`);
      return [{ type: type === "accept" ? "insecureAcceptAnything" : "reject" }];
    case "signedBy":
    case "sigstoreSigned":
      if (keys.length === 0) throw new Error(`at least one public key must be defined for type '${type}'`);
      return keys.map((keyPath) =>
        type === "signedBy" ? { type, keyType: "GPGKeys", keyPath } : { type, keyPath },
      );
    default:
      throw new Error(
        `invalid choice: ${type} (choose from ${trustTypes.map((word) => `'${word}'`).join(", ")})`,
      );
  }
}

export const emptyPolicy: Policy = { default: [{ type: "insecureAcceptAnything" }], transports: {} };
