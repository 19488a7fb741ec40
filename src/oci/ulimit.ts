import type { ContainerConfig, Ulimit } from "./container.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";
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

/** Values of `--ulimit`; a later one of the same name replaces the earlier. `host`, whatever stands beside it, leaves all as the caller has them. */
export function parseUlimits(values: readonly string[]): { ulimits: Ulimit[]; hostUlimits: boolean } {
  const limits = values.filter((value) => value !== "host").map(parseUlimit);
  const hostUlimits = values.includes("host");
  const ulimits = [...new Map(limits.map((limit) => [limit.name, limit])).values()];
  return { ulimits: hostUlimits ? [] : ulimits, hostUlimits };
}

/** `nofile=1024:2048`, `core=-1`, `nproc=unlimited`; the kernel's name is taken as well: `RLIMIT_NOFILE=1024`. */
function parseUlimit(given: string): Ulimit {
  const text = given.toLowerCase().replace(/^rlimit_/, "");
  return readUlimit(
    text,
    (reason) => `ulimit option "${text}" requires name=SOFT:HARD, failed to be parsed: ${reason}`,
  );
}

/** The same, in lower case and without the kernel's prefix; `tell` says what is wrong. */
export function readUlimit(text: string, tell: (reason: string) => string): Ulimit {
  const fail = (reason: string) => invalid(tell(reason));
  const [name, value] = keyAndValue(text);
  if (value === undefined) throw fail(`invalid ulimit argument: ${text}`);
  if (!NAMES.includes(name)) throw fail(`invalid ulimit type: ${name}`);
  const limits = value.split(":").map(parseLimit);
  const wrong = value.split(":").find((limit) => parseLimit(limit) === null);
  if (limits.length > 2) {
    throw fail(`too many limit value arguments - ${value}, can only have up to two, \`soft[:hard]\``);
  }
  const [soft = null, hard = soft] = limits;
  if (soft === null || hard === null) throw fail(`strconv.ParseInt: parsing "${wrong}": invalid syntax`);
  if (hard !== UNLIMITED && (soft === UNLIMITED || soft > hard)) {
    const order = soft === UNLIMITED ? `soft: -1 (unlimited), hard: ${hard}` : `${soft} > ${hard}`;
    throw fail(`ulimit soft limit must be less than or equal to hard limit: ${order}`);
  }
  return { name, soft, hard };
}

function parseLimit(value: string): number | null {
  if (value === "-1" || value === "unlimited") return UNLIMITED;
  return /^\d+$/.test(value) && Number.isSafeInteger(Number(value)) ? Number(value) : null;
}

/**
 * The limits of a container's process. When not asked for, nofile is set to the most the caller has, and nproc to as many
 * processes as the kernel has numbers for, or to the most the caller has. So is what is to be unlimited, where the caller
 * may not raise it.
 */
export function processRlimits(
  config: Pick<ContainerConfig, "ulimits" | "hostUlimits">,
  host: {
    rootless: boolean;
    capabilities: readonly string[];
    limits: Readonly<Record<string, number>>;
    pidMax: number;
  },
): Rlimit[] {
  const byName = new Map(config.ulimits.map((limit) => [limit.name, limit]));
  // Root in somebody's container, too, may have to do with what it has.
  const mayRaise = !host.rootless && host.capabilities.includes("CAP_SYS_RESOURCE");
  const most = (name: string) => (mayRaise ? UNLIMITED : (host.limits[name] ?? UNLIMITED));
  for (const name of config.hostUlimits ? [] : (["nofile", "nproc"] as const)) {
    const [limit] = (name === "nproc" ? [host.pidMax, DEFAULT_LIMIT] : [DEFAULT_LIMIT])
      .filter((wanted) => most(name) === UNLIMITED || wanted <= most(name))
      .concat(most(name)) as [number];
    if (!byName.has(name)) byName.set(name, { name, soft: limit, hard: limit });
  }
  return [...byName.values()].map(({ name, soft, hard }) => {
    const atMost = (limit: number) => (limit === UNLIMITED ? most(name) : limit);
    return { type: `RLIMIT_${name.toUpperCase()}`, soft: atMost(soft), hard: atMost(hard) };
  });
}
