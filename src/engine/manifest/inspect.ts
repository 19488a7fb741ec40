import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { shownList } from "../../oci/manifest-list.ts";
import { findList, getList } from "../../storage/manifest-lists.ts";

/** A list of the store; undefined where there is none of that name. */
export function inspectList(ctx: Context, name: string): object | undefined {
  if (/^docker:\/\//.test(name)) return undefined;
  const list = findList(ctx, name);
  return list && shownList(list);
}

/** An image of that name is an error. */
export function listExists(ctx: Context, name: string): boolean {
  try {
    getList(ctx, name);
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === "image-not-known") return false;
    throw error;
  }
}
