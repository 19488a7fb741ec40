import type { Context } from "../../host/context.ts";
import { listRecords, reapNames } from "../../runtime/records.ts";
import { reapImages } from "../../storage/image-store.ts";
import { reapVolumes } from "../volume/orphans.ts";

/** Removes what killed commands left in staging; every command that changes images begins with it. */
export async function reapImageLeftovers(ctx: Context): Promise<void> {
  await reapVolumes(ctx);
  await reapNames(ctx);
  await reapImages(ctx, () => listRecords(ctx).flatMap(({ layers }) => layers));
}
