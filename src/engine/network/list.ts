import type { Context } from "../../host/context.ts";
import { listNetworks as stored } from "../../network/networks.ts";
import type { NetworkRecord } from "../../oci/network.ts";
import { filterNetworks } from "./filter.ts";

export function listNetworks(ctx: Context, filters: readonly string[] = []): NetworkRecord[] {
  return filterNetworks(ctx, stored(ctx), filters);
}
