import type { Context } from "../../host/context.ts";
import { type ContainerRecord, listRecords } from "../../runtime/records.ts";

/** The containers that are connected to a network, running or not. */
export function networkUsers(ctx: Context, name: string): ContainerRecord[] {
  return listRecords(ctx).filter(({ config: { network } }) =>
    network.kind === "bridge" ? network.networks.some((one) => one.name === name) : false,
  );
}
