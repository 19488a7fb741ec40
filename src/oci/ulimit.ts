import { EngineError } from "../errors.ts";
import type { Ulimit } from "./container.ts";
import type { Rlimit } from "./runtime-spec.ts";

const NAMES = [
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];

/** RLIM_INFINITY; JSON has no 64 bit integers, so the runtime config writes it as -1. */
export const UNLIMITED = -1;

/** What a container gets of open files and processes when nothing is asked for, as far as the caller may. */
const DEFAULT_LIMIT = 1_048_576;

/** `nofile=1024:2048`, `core=-1`, `nproc=unlimited`; `host` (all limits as the caller's) is the caller's to handle. */
export function parseUlimit(text: string): Ulimit {
  const equals = text.indexOf("=");
  if (equals < 0) throw invalid(text, `invalid ulimit argument: ${text}`);
  const name = text.slice(0, equals).toLowerCase();
  if (!NAMES.includes(name)) throw invalid(text, `invalid ulimit type: ${name}`);
  const parts = text.slice(equals + 1).split(":");
  if (parts.length > 2 || parts[0] === "") {
    throw invalid(
      text,
      `too many limit value arguments - ${text.slice(equals + 1)}, can only have up to two, \`soft[:hard]\``,
    );
  }
  const soft = parseLimit(parts[0] ?? "", text);
  const hard = parts[1] === undefined ? soft : parseLimit(parts[1], text);
  if (hard !== UNLIMITED && (soft === UNLIMITED || soft > hard)) {
    throw invalid(
      text,
      `ulimit soft limit must be less than or equal to hard limit: ${describe(soft)} > ${hard}`,
    );
  }
  return { name, soft, hard };
}

function parseLimit(value: string, text: string): number {
  if (value === "-1" || value === "unlimited") return UNLIMITED;
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw invalid(
      text,
      `ulimit option "${text}" requires name=SOFT:HARD, failed to be parsed: invalid syntax`,
    );
  }
  return number;
}

function describe(limit: number): string {
  return limit === UNLIMITED ? "unlimited" : String(limit);
}

function invalid(_text: string, message: string): EngineError {
  return new EngineError("invalid-ulimit", message);
}

/** The limits of a container's process; nofile and nproc are set to the most the caller has when not asked for. */
export function processRlimits(
  ulimits: readonly Ulimit[],
  host: { rootless: boolean; limits: { nofile: number; nproc: number } },
): Rlimit[] {
  const byName = new Map(ulimits.map((limit) => [limit.name, limit]));
  for (const name of ["nofile", "nproc"] as const) {
    const most = host.rootless && host.limits[name] >= 0 ? host.limits[name] : DEFAULT_LIMIT;
    const limit = Math.min(DEFAULT_LIMIT, most);
    if (!byName.has(name)) byName.set(name, { name, soft: limit, hard: limit });
  }
  return [...byName.values()].map(({ name, soft, hard }) => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    hard,
    soft,
  }));
}
