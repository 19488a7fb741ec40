import type { Context } from "../../host/context.ts";
import { readHealth } from "../../runtime/health.ts";
import { type ContainerRecord, listRecords } from "../../runtime/records.ts";
import { type ContainerStatus, readStatus } from "../../runtime/status.ts";
import { healContainer, isLeftover, needsSweep, sweep } from "./heal.ts";

export interface ContainerSummary {
  record: ContainerRecord;
  status: ContainerStatus;
  /** As `Status` of Health. */
  health: string;
}

export interface ContainerList {
  /** Newest first. */
  containers: ContainerSummary[];
  /**
   * Whether leftovers of killed processes were met that only a process inside the namespace can clear. What is listed
   * is the truth all the same.
   */
  needsHealing: boolean;
}

/** All containers with their true states. Leftovers are cleared on the way where we can. */
export async function listContainers(ctx: Context): Promise<ContainerList> {
  let needsHealing = false;
  if (needsSweep(ctx)) {
    if (ctx.namespace === "none") needsHealing = true;
    else await sweep(ctx);
  }
  const containers: ContainerSummary[] = [];
  for (const record of listRecords(ctx)) {
    let status = readStatus(ctx, record.id);
    if (status.stale) {
      if (ctx.namespace === "none") needsHealing = true;
      else await healContainer(ctx, record.id);
      status = readStatus(ctx, record.id);
    }
    if (!isLeftover(ctx, record)) containers.push({ record, status, health: readHealth(ctx, record).Status });
  }
  containers.sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
  return { containers, needsHealing };
}
