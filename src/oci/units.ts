import { invalid } from "./invalid.ts";

const PREFIXES = " kmgtp";

function parseSize(text: string, base: 1000 | 1024): number {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])(?:i?b)?|b)?$/i.exec(text);
  const bytes = Number(match?.[1]) * base ** PREFIXES.indexOf((match?.[2] ?? " ").toLowerCase());
  if (!match || !Number.isSafeInteger(Math.trunc(bytes))) throw invalid(`invalid size: '${text}'`);
  return Math.trunc(bytes);
}

/** `512b`, `64k`, `10MiB`, `1.5g` → bytes, in powers of 1024 whatever the unit is called. */
export function parseBytes(text: string): number {
  return parseSize(text, 1024);
}

/** The same in powers of 1000, as Podman reads sizes of logs. */
export function parseDecimalBytes(text: string): number {
  return parseSize(text, 1000);
}

/** Milliseconds as Go prints a duration: `1h0m30s`, `1.5s`, `200ms`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`;
  if (milliseconds === 0) return "0s";
  if (milliseconds < 1e-3) return `${Math.round(milliseconds * 1e6)}ns`;
  if (milliseconds < 1) return `${Number((milliseconds * 1e3).toFixed(3))}µs`;
  if (milliseconds < 1000) return `${Number(milliseconds.toFixed(6))}ms`;
  const hours = Math.trunc(milliseconds / 3.6e6);
  const minutes = Math.trunc((milliseconds % 3.6e6) / 6e4);
  const seconds = `${Number(((milliseconds % 6e4) / 1000).toFixed(9))}s`;
  return hours > 0 ? `${hours}h${minutes}m${seconds}` : minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

const MILLISECONDS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 3.6e6,
};

/** In Go's words: what follows the first number that isn't one of the units. */
function whatIsWrong(duration: string): string {
  const [, unit] =
    /^(?:(?:\d+\.?\d*|\.\d+)(?:[nuµμm]?s|m|h))*(?:\d+\.?\d*|\.\d+)([^\d.]*)/.exec(duration) ?? [];
  if (unit === undefined) return "invalid";
  return unit === "" ? "missing unit in" : `unknown unit ${JSON.stringify(unit)} in`;
}

/** Go's durations, `1h2m3.5s`, `300ms`, `0`, with `-` in front for negative ones → milliseconds. */
export function parseDuration(text: string): number {
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return 0;
  const parts = [...body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== body) {
    throw invalid(
      `time: ${whatIsWrong(body)} duration "${text}"`,
      "a duration is written like 1h30m, 10s or 300ms",
    );
  }
  const total = parts.reduce((sum, part) => sum + Number(part[1]) * (MILLISECONDS[part[2] ?? ""] ?? 0), 0);
  return text.startsWith("-") ? -total : total;
}
