import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../host/context.ts";

/*
 * Additional image stores: graphroots of other stores of ours, whose images can be used and nothing of which is ever
 * changed, nor locked. What is in the own store is read there.
 */

/** Where a file is to be read; in the own store where none has it. */
export function locate(ctx: Context, ...names: string[]): string {
  const own = path.join(ctx.graphRoot, ...names);
  const { imageStores } = ctx.storage;
  if (imageStores.length === 0 || fs.existsSync(own)) return own;
  return imageStores.map((store) => path.join(store, ...names)).find((file) => fs.existsSync(file)) ?? own;
}
