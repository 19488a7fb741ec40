import type { Context } from "../../host/context.ts";
import { type ContainerRecord, readRecord } from "../../runtime/records.ts";

/** The container whose network a container is in: with --network container: another, else itself. */
export function networkOwner(ctx: Context, record: ContainerRecord): ContainerRecord {
  const { network } = record.config;
  const other = network.kind === "container" ? readRecord(ctx, network.id) : undefined;
  return other ? networkOwner(ctx, other) : record;
}
