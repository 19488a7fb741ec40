import type { LogConfig } from "./container.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";
import { expandLogTag } from "./log-tag.ts";
import { parseDecimalBytes } from "./units.ts";

const LOG_DRIVERS = ["k8s-file", "json-file", "journald", "none", "passthrough", "passthrough-tty"] as const;

export type LogDriver = (typeof LOG_DRIVERS)[number];

/** Whether a container has the streams of whoever starts it, and so no log. */
export function isPassthrough(driver: LogConfig["driver"]): boolean {
  return driver === "passthrough" || driver === "passthrough-tty";
}

/** Whether its output is in a file of its own. */
export function isFileLog(driver: LogConfig["driver"]): driver is "k8s-file" | "json-file" {
  return driver === "k8s-file" || driver === "json-file";
}

/** `--log-driver` ("" for the default) and the values of `--log-opt`. Options of other drivers are ignored, as Podman does. */
export function parseLogConfig(driver: string, options: readonly string[]): LogConfig {
  const name = driver || "k8s-file";
  if (!isDriver(name)) {
    const rule = "running container create option: invalid log driver: invalid argument";
    throw invalid(rule, `"${name}" is none of ${LOG_DRIVERS.join(", ")}`);
  }
  const config: LogConfig = { driver: name, maxSize: 0, path: "", tag: "" };
  for (const option of options) {
    const [key, value] = keyAndValue(option);
    if (key === "" || value === undefined) throw invalid(`invalid log option "${option}"`);
    applyOption(config, key.toLowerCase(), value);
  }
  // What can't be meant shall not come to light at the start.
  if (name === "journald") expandLogTag(config.tag, { ID: "", Name: "", ImageName: "", Image: "" });
  return config;
}

function isDriver(name: string): name is LogConfig["driver"] {
  return (LOG_DRIVERS as readonly string[]).includes(name);
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
