import { containerLogs, type LogsOptions } from "../engine/container/logs.ts";
import type { Context } from "../host/context.ts";
import { writeAll } from "./output.ts";

/** Prints containers' logs: what was written to stderr goes to stderr. */
export async function showLogs(
  ctx: Context,
  names: string[],
  options: LogsOptions & { timestamps: boolean; names: boolean },
): Promise<void> {
  const show = async (name: string) => {
    let lineStart = true;
    for await (const entry of containerLogs(ctx, name, options)) {
      const head = [
        ...(names.length > 1 || options.names ? [name] : []),
        ...(options.timestamps ? [entry.time] : []),
      ].join(" ");
      const parts = [
        ...(lineStart && head ? [Buffer.from(`${head} `)] : []),
        entry.line,
        ...(entry.partial ? [] : [Buffer.from("\n")]),
      ];
      lineStart = !entry.partial;
      writeAll(entry.stream === "stderr" ? 2 : 1, Buffer.concat(parts));
    }
  };
  if (options.follow) await Promise.all(names.map(show));
  else for (const name of names) await show(name);
}
