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

/** Go's durations, `1h2m3.5s`, `300ms`, `0`, with `-` in front for negative ones → milliseconds. */
export function parseDuration(text: string): number {
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return 0;
  const parts = [...body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== body) {
    const unit = /^[\d.]+$/.test(body) ? "missing unit in" : "invalid";
    throw invalid(`time: ${unit} duration "${text}"`, "a duration is written like 1h30m, 10s or 300ms");
  }
  const total = parts.reduce((sum, part) => sum + Number(part[1]) * (MILLISECONDS[part[2] ?? ""] ?? 0), 0);
  return text.startsWith("-") ? -total : total;
}
