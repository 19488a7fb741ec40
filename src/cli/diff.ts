import { type DiffKind, diffObjects } from "../engine/system/diff.ts";
import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import type { Change } from "../oci/changes.ts";
import { printJson, printLine } from "./output.ts";

/** Prints what has changed, as lines or (--format json) as lists of paths by what happened to them. */
export async function showDiff(
  ctx: Context,
  kind: DiffKind,
  [name = "", other]: readonly string[],
  format: string | undefined,
): Promise<void> {
  if (format && format !== "json") {
    throw new EngineError("usage", "only supported value for '--format' is 'json'");
  }
  const changes = await diffObjects(ctx, kind, name, other);
  if (format) printJson(byKind(changes), 5);
  else for (const change of changes) printLine(`${change.kind} ${change.path}`);
}

function byKind(changes: readonly Change[]): object {
  const paths = (wanted: Change["kind"]) =>
    changes.filter(({ kind }) => kind === wanted).map(({ path }) => path);
  const lists = { changed: paths("C"), added: paths("A"), deleted: paths("D") };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}
