import type { LogConfig } from "./container.ts";
import { invalid, notSupported } from "./invalid.ts";
import { parseDecimalBytes } from "./units.ts";

const DRIVERS = ["k8s-file", "json-file", "none", "passthrough", "passthrough-tty"] as const;

/** Whether a container has the streams of whoever starts it, and so no log. */
export function isPassthrough(driver: LogConfig["driver"]): boolean {
  return driver === "passthrough" || driver === "passthrough-tty";
}

/** `--log-driver` ("" for the default) and the values of `--log-opt`. Options of other drivers are ignored, as Podman does. */
export function parseLogConfig(driver: string, options: readonly string[]): LogConfig {
  const name = driver || "k8s-file";
  if (name === "journald") throw notSupported(`the log driver ${name}`);
  if (!isDriver(name)) {
    const rule = "running container create option: invalid log driver: invalid argument";
    throw invalid(rule, `"${name}" is none of ${DRIVERS.join(", ")}`);
  }
  const config: LogConfig = { driver: name, maxSize: 0, path: "", tag: "" };
  for (const option of options) {
    const equals = option.indexOf("=");
    if (equals < 1) throw invalid(`invalid log option "${option}"`);
    applyOption(config, option.slice(0, equals).toLowerCase(), option.slice(equals + 1));
  }
  return config;
}

function isDriver(name: string): name is LogConfig["driver"] {
  return (DRIVERS as readonly string[]).includes(name);
}

function applyOption(config: LogConfig, key: string, value: string): void {
  switch (key) {
    case "path":
    case "tag":
      config[key] = value;
      break;
    case "max-size":
      config.maxSize = value === "-1" ? 0 : parseDecimalBytes(value);
      break;
    case "max-file":
      if (!/^[1-9]\d{0,5}$/.test(value)) throw invalid(`invalid log option "max-file=${value}"`);
      config.maxFile = Number(value);
      break;
  }
}
