import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { type HealthConfig, type HealthFlags, parseHealth } from "../../oci/health.ts";
import * as flag from "../flags.ts";

/** The flags of `run` and `create` that say how a container's health is checked. */
export const healthFlags = {
  "health-cmd": flag.string({
    aliases: ["healthcheck-command"],
    description: "set a healthcheck command for the container ('none' disables the existing healthcheck)",
    default: "",
  }),
  "health-interval": flag.string({
    aliases: ["healthcheck-interval"],
    description:
      "set an interval for the healthcheck (a value of disable results in no automatic timer setup)",
    default: "30s",
  }),
  "health-log-destination": flag.string({
    description: "set the destination of the HealthCheck log: a directory, local or events_logger",
    default: "local",
    completes: "file",
  }),
  "health-max-log-count": flag.uint({
    description: "set maximum number of attempts in the HealthCheck log file (0: no limit)",
    default: 5,
  }),
  "health-max-log-size": flag.uint({
    description: "set maximum length in characters of stored HealthCheck log (0: no limit)",
    default: 500,
  }),
  "health-on-failure": flag.string({
    description: "action to take once the container turns unhealthy",
    default: "none",
    choices: ["none", "kill", "restart", "stop"],
  }),
  "health-retries": flag.uint({
    aliases: ["healthcheck-retries"],
    description: "the number of retries allowed before a healthcheck is considered to be unhealthy",
    default: 3,
  }),
  "health-start-period": flag.string({
    aliases: ["healthcheck-start-period"],
    description: "the initialization time needed for a container to bootstrap",
    default: "0s",
  }),
  "health-startup-cmd": flag.string({
    description: "Set a startup healthcheck command for the container",
    default: "",
  }),
  "health-startup-interval": flag.string({
    description: "Set an interval for the startup healthcheck",
    default: "30s",
  }),
  "health-startup-retries": flag.uint({
    description:
      "Set the maximum number of retries before the startup healthcheck will restart the container",
    default: 0,
  }),
  "health-startup-success": flag.uint({
    description: "Set the number of successes before the startup healthcheck is marked as successful",
    default: 0,
  }),
  "health-startup-timeout": flag.string({
    description:
      "Set the maximum amount of time that the startup healthcheck may take before it is considered failed",
    default: "30s",
  }),
  "health-timeout": flag.string({
    aliases: ["healthcheck-timeout"],
    description:
      "the maximum time allowed to complete the healthcheck before an interval is considered failed",
    default: "30s",
  }),
  "no-healthcheck": flag.boolean({ description: "Disable healthchecks on container" }),
};

export function healthConfig(
  flags: flag.FlagValues<typeof healthFlags>,
  given: ReadonlySet<string>,
): HealthConfig {
  return parseHealth(healthOf(flags), healthChanges(flags, given));
}

/** Only what was given. */
export function healthChanges(
  flags: flag.FlagValues<typeof healthFlags>,
  given: ReadonlySet<string>,
): Partial<HealthFlags> {
  const all = healthOf(flags);
  const changes = Object.entries(FLAGS).filter(([, name]) => given.has(name));
  return Object.fromEntries(changes.map(([member]) => [member, all[member as keyof HealthFlags]]));
}

const FLAGS: Record<keyof HealthFlags, keyof typeof healthFlags> = {
  cmd: "health-cmd",
  interval: "health-interval",
  retries: "health-retries",
  startPeriod: "health-start-period",
  timeout: "health-timeout",
  onFailure: "health-on-failure",
  startupCmd: "health-startup-cmd",
  startupInterval: "health-startup-interval",
  startupRetries: "health-startup-retries",
  startupSuccess: "health-startup-success",
  startupTimeout: "health-startup-timeout",
  logDestination: "health-log-destination",
  maxLogCount: "health-max-log-count",
  maxLogSize: "health-max-log-size",
  disabled: "no-healthcheck",
};

function healthOf(flags: flag.FlagValues<typeof healthFlags>): HealthFlags {
  return {
    cmd: flags["health-cmd"],
    interval: flags["health-interval"],
    retries: flags["health-retries"],
    startPeriod: flags["health-start-period"],
    timeout: flags["health-timeout"],
    onFailure: flags["health-on-failure"],
    startupCmd: flags["health-startup-cmd"],
    startupInterval: flags["health-startup-interval"],
    startupRetries: flags["health-startup-retries"],
    startupSuccess: flags["health-startup-success"],
    startupTimeout: flags["health-startup-timeout"],
    logDestination: logDestination(flags["health-log-destination"]),
    maxLogCount: flags["health-max-log-count"],
    maxLogSize: flags["health-max-log-size"],
    disabled: flags["no-healthcheck"],
  };
}

function logDestination(text: string): string {
  if (text === "" || text === "local" || text === "events_logger") return text || "local";
  const found = fs.statSync(text, { throwIfNoEntry: false });
  if (found?.isDirectory()) return path.resolve(text);
  const reason = found
    ? "destination must be directory"
    : `destination error: stat ${text}: no such file or directory`;
  throw new EngineError("usage", `HealthCheck Log '${text}' ${reason}`);
}
