import type { Context } from "../../host/context.ts";
import { listRecords } from "../../runtime/records.ts";
import { reapImages } from "../../storage/image-store.ts";

/** Removes what killed image commands left; every command that changes images begins with it. */
export async function reapImageLeftovers(ctx: Context): Promise<void> {
  await reapImages(ctx, () => listRecords(ctx).flatMap(({ layers }) => layers));
}
