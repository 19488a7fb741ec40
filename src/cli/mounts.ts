import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { print, printJson } from "./output.ts";
import { formatRows } from "./report.ts";

/** What the commands that mount have in common. */

/** An ordinary user can mount only where he is root, and only what that place lives for. */
export function requireUnshared(ctx: Context, path: string): void {
  if (ctx.namespace !== "none") return;
  throw new EngineError(
    "needs-unshare",
    `cannot run command "${path}" in rootless mode, must execute \`coracle unshare\` first`,
  );
}

/** A line for each: what it is called, and where it is; `json` says more. */
export function printMounts(
  rows: readonly { label: string; path: string; json: object }[],
  format: string | undefined,
): void {
  if (format === "json") {
    printJson(
      rows.map(({ json }) => json),
      1,
    );
    return;
  }
  if (format !== undefined) {
    throw new EngineError("usage", `unknown --format argument: ${JSON.stringify(format)}`);
  }
  print(
    formatRows(rows, {
      name: "mounts",
      format: undefined,
      columns: "{{.label}}\t{{.path}}",
      noHeading: true,
    }),
  );
}
