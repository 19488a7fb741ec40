import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findRecord } from "../../runtime/records.ts";
import { removeIfAsked } from "./foreground.ts";
import { healContainer } from "./heal.ts";

/** What a monitor calls when its container has ended and no command is there to finish: removal for --rm. */
export async function cleanUpContainer(ctx: Context, nameOrId: string): Promise<string | undefined> {
  try {
    const record = findRecord(ctx, nameOrId);
    await healContainer(ctx, record.id);
    await removeIfAsked(ctx, record);
    return record.id;
  } catch (error) {
    // Somebody was faster.
    if (error instanceof EngineError && error.code === "no-such-container") return undefined;
    throw error;
  }
}
