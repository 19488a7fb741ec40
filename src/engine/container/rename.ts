import type { Context } from "../../host/context.ts";
import { withLock } from "../../host/lock.ts";
import { checkName } from "../../oci/names.ts";
import { findRecord, renameRecord } from "../../runtime/records.ts";

export async function renameContainer(ctx: Context, nameOrId: string, name: string): Promise<void> {
  checkName(name);
  const { id } = findRecord(ctx, nameOrId);
  await withLock(ctx, `container/${id}`, async () => {
    const record = findRecord(ctx, id);
    if (record.name !== name) await renameRecord(ctx, record, name);
  });
}
