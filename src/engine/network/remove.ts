import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { defaultNetworkName, getNetwork, listNetworks, removeNetwork } from "../../network/networks.ts";
import type { NetworkRecord } from "../../oci/network.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { filterNetworks } from "./filter.ts";
import { networkUsers } from "./users.ts";

export interface RemoveNetworksOptions {
  /** Remove the containers that are connected as well. */
  force: boolean;
  /** Seconds to wait for a running container with force. */
  timeout: number | undefined;
}

/** Failures don't keep the others from being removed. */
export async function removeNetworks(
  ctx: Context,
  names: readonly string[],
  options: RemoveNetworksOptions,
): Promise<{ removed: string[]; errors: EngineError[] }> {
  const removed: string[] = [];
  const errors: EngineError[] = [];
  for (const given of names) {
    try {
      const network = getNetwork(ctx, given);
      if (network.name === defaultNetworkName(ctx)) {
        throw new EngineError("network-in-use", `default network ${network.name} cannot be removed`);
      }
      if (options.force) await removeUsers(ctx, network.name, options.timeout);
      await remove(ctx, network);
      removed.push(given);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code !== "no-such-network") errors.push(error);
      else if (!options.force) errors.push(rephrase(error, { exitCode: 1 }) as EngineError);
    }
  }
  return { removed, errors };
}

async function remove(ctx: Context, { id, name, driver }: NetworkRecord): Promise<void> {
  await removeNetwork(ctx, name, () => networkUsers(ctx, name).map((user) => user.id));
  const Attributes = { driver };
  recordEvent(ctx, { Type: "network", Status: "remove", ID: id, Name: name, Network: name, Attributes });
}

async function removeUsers(ctx: Context, name: string, timeout: number | undefined): Promise<void> {
  const { removeContainer } = await import("../container/rm.ts");
  for (const { id } of networkUsers(ctx, name)) {
    await removeContainer(ctx, id, { force: true, ignore: true, timeout });
  }
}

/** Removes all that no container is connected to; returns their names. */
export async function pruneNetworks(ctx: Context, filters: readonly string[]): Promise<string[]> {
  const candidates = filterNetworks(ctx, listNetworks(ctx), filters, ["label", "label!", "until"]).filter(
    ({ name }) => name !== defaultNetworkName(ctx) && networkUsers(ctx, name).length === 0,
  );
  const pruned: string[] = [];
  for (const network of candidates) {
    try {
      await remove(ctx, network);
      pruned.push(network.name);
    } catch (error) {
      // A container was connected to it, or somebody else removed it.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return pruned;
}
