import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findNetwork, getNetwork } from "../../network/networks.ts";
import type { NetworkRecord } from "../../oci/network.ts";
import { activeLeases } from "../container/lease.ts";
import { networkUsers } from "./users.ts";

/** A running container's part in a network, by its interface there. */
export interface ConnectedContainer {
  name: string;
  interfaces: Record<string, { subnets: { ipnet: string; gateway?: string }[]; mac_address: string }>;
}

/** By their ids. */
export type InspectedNetwork = NetworkRecord & { containers: Record<string, ConnectedContainer> };

export function inspectNetwork(ctx: Context, nameOrId: string): InspectedNetwork {
  try {
    const network = getNetwork(ctx, nameOrId);
    return { ...network, containers: connectedContainers(ctx, network.name) };
  } catch (error) {
    const isAmbiguous = error instanceof EngineError && error.code === "ambiguous-network";
    const doing = isAmbiguous ? "inspecting" : "inspecting object:";
    throw rephrase(error, { prefix: `${doing} network ${nameOrId}: `, exitCode: 125 });
  }
}

function connectedContainers(ctx: Context, network: string): Record<string, ConnectedContainer> {
  const connected = networkUsers(ctx, network).flatMap(({ id, name }) => {
    const lease = activeLeases(ctx, id)[network];
    if (!lease) return [];
    const subnets = lease.addresses.map(({ ip, bits, gateway }) => ({
      ipnet: `${ip}/${bits}`,
      ...(gateway ? { gateway } : {}),
    }));
    return [[id, { name, interfaces: { [lease.interfaceName]: { subnets, mac_address: lease.mac } } }]];
  });
  return Object.fromEntries(connected);
}

export function networkExists(ctx: Context, nameOrId: string): boolean {
  return findNetwork(ctx, nameOrId) !== undefined;
}
