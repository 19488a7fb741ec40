import type { HealthConfig, Healthcheck } from "../../oci/health.ts";

/** What `inspect` says of a container's checks: Go leaves out what is empty. */
export function inspectHealth(health: HealthConfig | undefined): object {
  if (!health) return { HealthcheckOnFailureAction: "none" };
  return {
    ...(health.check ? { Healthcheck: inspectCheck(health.check) } : {}),
    HealthcheckOnFailureAction: health.onFailure,
    HealthLogDestination: health.logDestination,
    ...given({ HealthcheckMaxLogCount: health.maxLogCount, HealthcheckMaxLogSize: health.maxLogSize }),
    ...(health.startup
      ? {
          StartupHealthCheck: {
            ...inspectCheck(health.startup),
            ...given({ Successes: health.startup.successes }),
          },
        }
      : {}),
  };
}

function inspectCheck({ test, startPeriod, interval, timeout, retries }: Healthcheck): object {
  const nanoseconds = (milliseconds: number) => Math.round(milliseconds * 1e6);
  return {
    Test: test,
    ...given({
      StartPeriod: nanoseconds(startPeriod),
      Interval: nanoseconds(interval),
      Timeout: nanoseconds(timeout),
      Retries: retries,
    }),
  };
}

function given(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));
}
