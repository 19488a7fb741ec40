import type { Context } from "../host/context.ts";
import { printError } from "./output.ts";

/** The levels of --log-level, the most talkative first; `warning` is `warn`. */
export const logLevels = ["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"] as const;
export type LogLevel = (typeof logLevels)[number];

export function isLogged(level: LogLevel, chosen: string | undefined): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf((chosen ?? "warn") as LogLevel);
}

/** A line on stderr as Podman's logger writes them. */
export function log(level: LogLevel, text: string): void {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  printError(`time="${time}" level=${level === "warn" ? "warning" : level} msg=${JSON.stringify(text)}`);
}

export function warn(text: string): void {
  log("warn", text);
}

/** What a command goes by, for --log-level. */
export function logCommand(ctx: Context, commandLine: readonly string[]): void {
  const lines: [LogLevel, string][] = [
    ["info", `coracle filtering at log level ${ctx.options.logLevel}`],
    ["debug", `Called as ${commandLine.join(" ")}`],
    ["trace", `Configuration: ${JSON.stringify(ctx.config)}`],
    ["debug", `Using graph root ${ctx.graphRoot}`],
    ["debug", `Using run root ${ctx.runRoot}`],
    ["debug", `Using volume path ${ctx.volumeRoot}`],
    ["debug", `Running in the ${ctx.namespace} user namespace`],
  ];
  for (const [level, text] of lines) if (isLogged(level, ctx.options.logLevel)) log(level, text);
}
