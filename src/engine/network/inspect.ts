import { rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findNetwork, getNetwork } from "../../network/networks.ts";
import type { NetworkRecord } from "../../oci/network.ts";

export function inspectNetwork(ctx: Context, nameOrId: string): NetworkRecord {
  try {
    return getNetwork(ctx, nameOrId);
  } catch (error) {
    throw rephrase(error, { prefix: `inspecting object: network ${nameOrId}: `, exitCode: 125 });
  }
}

export function networkExists(ctx: Context, nameOrId: string): boolean {
  return findNetwork(ctx, nameOrId) !== undefined;
}
