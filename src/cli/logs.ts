import { containerLogs, type LogsOptions } from "../engine/container/logs.ts";
import type { Context } from "../host/context.ts";
import { writeAll } from "./output.ts";

export interface LogsLook {
  timestamps: boolean;
  /** Of several containers: names in front of their lines, not ids. */
  names: boolean;
  /** A colour for each container. */
  color: boolean;
}

/** As Podman's: grey, red, yellow, blue, magenta, cyan, green. */
const colors = [37, 31, 33, 34, 35, 36, 32];

/** Prints containers' logs: what was written to stderr goes to stderr. */
export async function showLogs(
  ctx: Context,
  names: string[],
  options: LogsOptions & LogsLook,
): Promise<void> {
  const all = names.map((name) => containerLogs(ctx, name, options));
  const shown = all.map(({ id, name, entries }, number) => async () => {
    const source = all.length > 1 ? [options.names ? name : id.slice(0, 12)] : [];
    const [colored, plain] = options.color
      ? [`\x1b[${colors[number % colors.length]}m`, "\x1b[0m"]
      : ["", ""];
    // Of each stream: the other one's half lines have nothing to do with it.
    const lineStart = { stdout: true, stderr: true };
    for await (const { stream, time, line, partial } of entries) {
      const stamp = options.timestamps ? [time.replace(/\+00:00$/, "Z")] : [];
      const head = [...source, ...stamp].map((word) => `${word} `).join("");
      const before = colored + (lineStart[stream] ? head : "");
      lineStart[stream] = !partial;
      writeAll(stream === "stderr" ? 2 : 1, framed(before, line, plain + (partial ? "" : "\n")));
    }
  });
  if (options.follow) await Promise.all(shown.map((show) => show()));
  else for (const show of shown) await show();
}

function framed(before: string, line: Buffer, after: string): Buffer {
  return Buffer.concat([Buffer.from(before), line, Buffer.from(after)]);
}
