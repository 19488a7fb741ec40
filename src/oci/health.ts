import { invalid } from "./invalid.ts";
import { parseDuration } from "./units.ts";

/** A check as images and `inspect` have it, times in milliseconds. */
export interface Healthcheck {
  /** `["CMD", argv…]`, `["CMD-SHELL", command]`, `["NONE"]`. */
  test: string[];
  /** 0: only `healthcheck run` runs it. */
  interval: number;
  timeout: number;
  startPeriod: number;
  /** Failures in a row that make it unhealthy. */
  retries: number;
}

export type OnFailure = "none" | "kill" | "restart" | "stop";

export interface HealthConfig {
  /** null: none was asked for, and the image has none. */
  check: Healthcheck | null;
  /** What flags say of a check that the image has; of no use once that is known. */
  ofImage?: Partial<Healthcheck>;
  /** Runs in place of `check` until it has succeeded `successes` times. */
  startup: (Healthcheck & { successes: number }) | null;
  onFailure: OnFailure;
  /** `local`, `events_logger` or a directory. */
  logDestination: string;
  /** 0: no limit. */
  maxLogCount: number;
  maxLogSize: number;
}

/** What --no-healthcheck and `none` make of a check. */
export const NONE = ["NONE"];

const ACTIONS: readonly string[] = ["none", "kill", "restart", "stop"];

export const DEFAULT_TIME = 30_000;
const DEFAULT_RETRIES = 3;

export interface HealthFlags {
  cmd: string;
  interval: string;
  retries: number;
  startPeriod: string;
  timeout: string;
  onFailure: string;
  startupCmd: string;
  startupInterval: string;
  startupRetries: number;
  startupSuccess: number;
  startupTimeout: string;
  logDestination: string;
  maxLogCount: number;
  maxLogSize: number;
  disabled: boolean;
}

/** What the flags ask for, and those of them that were given; the image's own check comes later (withImageHealth). */
export function parseHealth(flags: HealthFlags, given: Partial<HealthFlags> = {}): HealthConfig {
  const check = regularCheck(flags);
  return {
    check,
    ...(check ? {} : { ofImage: changesOfImage(flags, given) }),
    onFailure: parseOnFailure(flags.onFailure),
    startup: startupCheck(flags),
    logDestination: flags.logDestination,
    maxLogCount: flags.maxLogCount,
    maxLogSize: flags.maxLogSize,
  };
}

function regularCheck(flags: HealthFlags): Healthcheck | null {
  if (flags.cmd === "") {
    if (!flags.disabled) return null;
    return { test: NONE, interval: 0, timeout: 0, startPeriod: 0, retries: 0 };
  }
  if (flags.disabled) throw invalid("cannot specify both --no-healthcheck and --health-cmd");
  checkRetries(flags.retries);
  return parseCheck(flags);
}

/** Zero leaves to the image what it says; only `disable` takes an interval away. */
function changesOfImage(flags: HealthFlags, given: Partial<HealthFlags>): Partial<Healthcheck> {
  if (given.retries !== undefined) checkRetries(given.retries);
  const { interval, timeout, startPeriod, retries } = parseCheck({ ...flags, cmd: "x" });
  const all = Object.entries({ interval, timeout, startPeriod, retries });
  const disabled = given.interval === "disable";
  return Object.fromEntries(
    all.filter(
      ([name, value]) =>
        given[name as keyof HealthFlags] !== undefined && (value !== 0 || (name === "interval" && disabled)),
    ),
  );
}

function checkRetries(retries: number): void {
  if (retries < 1) throw invalid("healthcheck-retries must be greater than 0");
}

function startupCheck(flags: HealthFlags): HealthConfig["startup"] {
  if (flags.startupCmd === "") return null;
  if (flags.disabled) throw invalid("cannot specify both --no-healthcheck and --health-startup-cmd");
  const check = parseCheck({
    cmd: flags.startupCmd,
    interval: flags.startupInterval,
    retries: flags.startupRetries,
    timeout: flags.startupTimeout,
    startPeriod: "0",
  });
  return { ...check, successes: flags.startupSuccess };
}

function parseCheck(
  flags: Pick<HealthFlags, "cmd" | "interval" | "retries" | "timeout" | "startPeriod">,
): Healthcheck {
  const test = parseCommand(flags.cmd);
  const interval = duration("interval", flags.interval === "disable" ? "0" : flags.interval);
  const timeout = duration("timeout", flags.timeout);
  if (timeout < 1e-6) throw invalid("healthcheck-timeout must be at least 1 second");
  const startPeriod = duration("start-period", flags.startPeriod);
  if (startPeriod < 0) throw invalid("healthcheck-start-period must be 0 seconds or greater");
  return { test, interval, timeout, startPeriod, retries: flags.retries };
}

/** A JSON list is the command itself, all else is for the shell; `CMD …`, `CMD-SHELL …` and `none` are as in a Dockerfile. */
export function parseCommand(text: string): string[] {
  const list = parseList(text);
  const words = list ?? text.split(" ");
  if (words.length === 0) throw invalid("must define a healthcheck command for all healthchecks");
  const keyword = (words[0] as string).toUpperCase();
  if (keyword === "NONE") return NONE;
  if (keyword === "CMD") return ["CMD", ...(list?.slice(1) ?? text.trim().split(/\s+/).slice(1))];
  if (keyword === "CMD-SHELL") return ["CMD-SHELL", ...(list?.slice(1) ?? [words.slice(1).join(" ")])];
  if (list && list.length > 1) return ["CMD", ...list];
  return ["CMD-SHELL", words.join(" ")];
}

function parseList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((word) => typeof word === "string") ? list : undefined;
  } catch {
    return undefined; // a command line
  }
}

export function duration(name: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw invalid(`invalid healthcheck-${name}: ${(cause as Error).message}`);
  }
}

export function parseOnFailure(text: string): OnFailure {
  if (text === "") return "none";
  if (ACTIONS.includes(text)) return text as OnFailure;
  throw invalid(
    `invalid on-failure action "${text}" for health check: supported actions are ${ACTIONS.join(",")}`,
  );
}

/** `Healthcheck` of an image config, times in nanoseconds. */
export interface ImageHealthcheck {
  Test?: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  Retries?: number;
}

/** Adds the image's check where the flags name none, and refuses what needs a check where there is none. */
export function withImageHealth(
  { ofImage, ...health }: HealthConfig,
  image: ImageHealthcheck | undefined,
): HealthConfig {
  const own = health.check ? null : imageCheck(image);
  const check = own ? { ...own, ...ofImage } : health.check;
  if (!check && health.onFailure !== "none")
    throw invalid(`cannot set on-failure action to ${health.onFailure} without a health check`);
  if (!check && health.startup)
    throw invalid("cannot set a startup healthcheck when there is no regular healthcheck: invalid argument");
  return { ...health, check };
}

function imageCheck(image: ImageHealthcheck | undefined): Healthcheck | null {
  if (!image?.Test || image.Test.length === 0) return null;
  return {
    test: image.Test,
    interval: (image.Interval ?? 0) / 1e6 || DEFAULT_TIME,
    timeout: (image.Timeout ?? 0) / 1e6 || DEFAULT_TIME,
    startPeriod: (image.StartPeriod ?? 0) / 1e6,
    retries: image.Retries || DEFAULT_RETRIES,
  };
}

/** What a check runs, or null where it stands for none. */
export function checkCommand(check: Healthcheck | null): string[] | null {
  const [kind, ...words] = check?.test ?? [];
  const command =
    kind === "CMD-SHELL" ? ["/bin/sh", "-c", words.join(" ")] : kind === "CMD" ? words : (check?.test ?? []);
  return kind === "NONE" || !command[0] ? null : command;
}
