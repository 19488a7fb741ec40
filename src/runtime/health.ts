import * as path from "node:path";
import type { Context } from "../host/context.ts";
import { readJson } from "../host/files.ts";
import { checkCommand } from "../oci/health.ts";
import type { MonitorConfig } from "./monitor.ts";
import { type ContainerRecord, containerDirectory } from "./records.ts";

/** A container's health as its monitor writes it down, with the keys that `inspect` shows. */
export interface Health {
  /** `starting`, `healthy`, `unhealthy`; "" before the first start and where nothing is checked. */
  Status: string;
  FailingStreak: number;
  Log: { Start: string; End: string; ExitCode: number; Output: string }[] | null;
}

const unknown: Health = { Status: "", FailingStreak: 0, Log: null };

function healthFile(ctx: Context, { id, config }: ContainerRecord): string {
  const destination = config.health?.logDestination ?? "local";
  return destination === "local" || destination === "events_logger"
    ? path.join(containerDirectory(ctx, id), "healthcheck.log")
    : path.join(destination, `${id}-healthcheck.log`);
}

/** What the checks so far have shown; a container without checks costs no look. */
export function readHealth(ctx: Context, record: ContainerRecord): Health {
  if (!checkCommand(record.config.health?.check ?? null)) return unknown;
  try {
    return readJson<Health>(healthFile(ctx, record)) ?? unknown;
  } catch {
    return unknown; // in a directory of the user's that may be gone
  }
}

/** What the monitor is to check, if anything. */
export function monitorHealth(ctx: Context, record: ContainerRecord): MonitorConfig["health"] {
  const { health } = record.config;
  const command = checkCommand(health?.check ?? null);
  if (!health?.check || !command) return null;
  const startup = checkCommand(health.startup);
  return {
    check: { command, ...times(health.check) },
    startup:
      health.startup && startup
        ? { command: startup, ...times(health.startup), successes: health.startup.successes }
        : null,
    startPeriod: Math.ceil(health.check.startPeriod),
    onFailure: health.onFailure,
    log: healthFile(ctx, record),
    maxLogCount: health.maxLogCount,
    maxLogSize: health.maxLogSize,
    ...(ctx.config.engine.healthcheck_events === false ? { noEvents: true } : {}),
  };
}

function times(check: { interval: number; timeout: number; retries: number }) {
  return {
    // Podman takes a negative one, and no timer does.
    interval: Math.max(Math.ceil(check.interval), 0),
    timeout: Math.ceil(check.timeout),
    retries: check.retries,
  };
}
