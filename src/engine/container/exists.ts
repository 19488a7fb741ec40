import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findRecord } from "../../runtime/records.ts";

export function containerExists(ctx: Context, nameOrId: string): boolean {
  try {
    findRecord(ctx, nameOrId);
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === "no-such-container") return false;
    throw error;
  }
}
