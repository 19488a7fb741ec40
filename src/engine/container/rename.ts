import type { Context } from "../../host/context.ts";
import { withLock } from "../../host/lock.ts";
import { createStaging } from "../../host/staging.ts";
import { checkName } from "../../oci/names.ts";
import { recordContainerEvent, writeEventSubject } from "../../runtime/event-log.ts";
import { findRecord, renameRecord } from "../../runtime/records.ts";

export async function renameContainer(ctx: Context, nameOrId: string, name: string): Promise<void> {
  const { id } = findRecord(ctx, nameOrId);
  checkName(name);
  // For a moment it has both names: should we be killed then, this makes the next command look for the one too many.
  const mark = createStaging(ctx, "container");
  try {
    await withLock(ctx, `container/${id}`, async () => {
      const record = findRecord(ctx, id);
      if (record.name === name) return;
      const renamed = await renameRecord(ctx, record, name);
      writeEventSubject(ctx, renamed);
      recordContainerEvent(ctx, renamed, "rename");
    });
  } finally {
    await mark.remove();
  }
}
