import {
  checkCommand,
  DEFAULT_TIME,
  duration,
  type HealthConfig,
  type Healthcheck,
  type HealthFlags,
  NONE,
  parseCommand,
  parseOnFailure,
} from "./health.ts";
import { invalid } from "./invalid.ts";

const never: HealthConfig = {
  check: null,
  startup: null,
  onFailure: "none",
  logDestination: "local",
  maxLogCount: 5,
  maxLogSize: 500,
};

/** What `update` makes of a container's checks; only what was given changes. */
export function changedHealth(old: HealthConfig = never, given: Partial<HealthFlags>): HealthConfig {
  if (given.disabled && (given.cmd || given.startupCmd)) {
    throw invalid(`cannot specify both --no-healthcheck and --health-${given.cmd ? "" : "startup-"}cmd`);
  }
  const check = given.disabled ? none() : changedCheck(old.check, given);
  const startup = given.disabled ? null : changedStartup(old.startup, given);
  const onFailure = given.onFailure === undefined ? old.onFailure : parseOnFailure(given.onFailure);
  if (!checkCommand(check)) {
    if (startup) {
      throw invalid(
        "cannot set a startup healthcheck when there is no regular healthcheck: invalid argument",
      );
    }
    if (given.onFailure !== undefined && onFailure !== "none") {
      throw invalid(`cannot set on-failure action to ${onFailure} without a health check`);
    }
  }
  return {
    check,
    startup,
    onFailure,
    logDestination: given.logDestination ?? old.logDestination,
    maxLogCount: given.maxLogCount ?? old.maxLogCount,
    maxLogSize: given.maxLogSize ?? old.maxLogSize,
  };
}

function none(): Healthcheck {
  return { test: NONE, interval: 0, timeout: 0, startPeriod: 0, retries: 0 };
}

function changedCheck(old: Healthcheck | null, given: Partial<HealthFlags>): Healthcheck | null {
  const { cmd, interval, timeout, startPeriod, retries } = given;
  if ([cmd, interval, timeout, startPeriod, retries].every((value) => value === undefined)) return old;
  const usual = { interval: DEFAULT_TIME, timeout: DEFAULT_TIME, startPeriod: 0, retries: 3 };
  const before = checkCommand(old) && old ? old : undefined;
  if (!before && !cmd) throw withoutCheck("healthcheck", "--health-cmd");
  if (retries !== undefined && retries < 1) throw invalid("healthcheck-retries must be greater than 0");
  const check = {
    ...usual,
    ...before,
    ...times({ interval, timeout }),
    ...(cmd ? { test: parseCommand(cmd) } : {}),
    ...(retries === undefined ? {} : { retries }),
    ...(startPeriod === undefined ? {} : { startPeriod: duration("start-period", startPeriod) }),
  };
  if (check.startPeriod < 0) throw invalid("healthcheck-start-period must be 0 seconds or greater");
  return check as Healthcheck;
}

function changedStartup(old: HealthConfig["startup"], given: Partial<HealthFlags>): HealthConfig["startup"] {
  const { startupCmd, startupInterval, startupTimeout, startupRetries, startupSuccess } = given;
  const all = [startupCmd, startupInterval, startupTimeout, startupRetries, startupSuccess];
  if (all.every((value) => value === undefined)) return old;
  if (!old && !startupCmd) throw withoutCheck("startup healthcheck", "--health-startup-cmd");
  const usual = { interval: DEFAULT_TIME, timeout: DEFAULT_TIME, startPeriod: 0, retries: 0, successes: 0 };
  return {
    ...usual,
    ...old,
    ...times({ interval: startupInterval, timeout: startupTimeout }),
    ...(startupCmd ? { test: parseCommand(startupCmd) } : {}),
    ...(startupRetries === undefined ? {} : { retries: startupRetries }),
    ...(startupSuccess === undefined ? {} : { successes: startupSuccess }),
  } as HealthConfig["startup"];
}

function times(given: { interval: string | undefined; timeout: string | undefined }): Partial<Healthcheck> {
  const times: Partial<Healthcheck> = {};
  if (given.interval !== undefined) {
    times.interval = duration("interval", given.interval === "disable" ? "0" : given.interval);
  }
  if (given.timeout !== undefined) {
    times.timeout = duration("timeout", given.timeout);
    if (times.timeout < 1e-6) throw invalid("healthcheck-timeout must be at least 1 second");
  }
  return times;
}

function withoutCheck(what: string, flag: string) {
  return invalid(`${what} command is not set`, `give ${flag}`);
}
